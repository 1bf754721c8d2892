/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Arrays of the D library that give a text for a number: of errors (intro(2)), signals
 * (signal(3)), I/O (bio and devstat), requests to TCP, mbuf flags, results of ipfw and states of
 * SCTP. What is odd in a text is odd there.
 */

inline string strerror[int error] =
    error == 0 ? "Success" :
    error == EPERM ? "Operation not permitted" :
    error == ENOENT ? "No such file or directory" :
    error == ESRCH ? "No such process" :
    error == EINTR ? "Interrupted system call" :
    error == EIO ? "Input/output error" :
    error == ENXIO ? "Device not configured" :
    error == E2BIG ? "Argument list too long" :
    error == ENOEXEC ? "Exec format error" :
    error == EBADF ? "Bad file descriptor" :
    error == ECHILD ? "No child processes" :
    error == EDEADLK ? "Resource deadlock avoided" :
    error == ENOMEM ? "Cannot allocate memory" :
    error == EACCES ? "Permission denied" :
    error == EFAULT ? "Bad address" :
    error == ENOTBLK ? "Block device required" :
    error == EBUSY ? "Device busy" :
    error == EEXIST ? "File exists" :
    error == EXDEV ? "Cross-device link" :
    error == ENODEV ? "Operation not supported by device" :
    error == ENOTDIR ? "Not a directory" :
    error == EISDIR ? "Is a directory" :
    error == EINVAL ? "Invalid argument" :
    error == ENFILE ? "Too many open files in system" :
    error == EMFILE ? "Too many open files" :
    error == ENOTTY ? "Inappropriate ioctl for device" :
    error == ETXTBSY ? "Text file busy" :
    error == EFBIG ? "File too large" :
    error == ENOSPC ? "No space left on device" :
    error == ESPIPE ? "Illegal seek" :
    error == EROFS ? "Read-only filesystem" :
    error == EMLINK ? "Too many links" :
    error == EPIPE ? "Broken pipe" :
    error == EDOM ? "Numerical argument out of domain" :
    error == ERANGE ? "Result too large" :
    error == EAGAIN ? "Resource temporarily unavailable" :
    error == EINPROGRESS ? "Operation now in progress" :
    error == EALREADY ? "Operation already in progress" :
    error == ENOTSOCK ? "Socket operation on non-socket" :
    error == EDESTADDRREQ ? "Destination address required" :
    error == EMSGSIZE ? "Message too long" :
    error == EPROTOTYPE ? "Protocol wrong type for socket" :
    error == ENOPROTOOPT ? "Protocol not available" :
    error == EPROTONOSUPPORT ? "Protocol not supported" :
    error == ESOCKTNOSUPPORT ? "Socket type not supported" :
    error == EOPNOTSUPP ? "Operation not supported" :
    error == EPFNOSUPPORT ? "Protocol family not supported" :
    error == EAFNOSUPPORT ? "Address family not supported by protocol family" :
    error == EADDRINUSE ? "Address already in use" :
    error == EADDRNOTAVAIL ? "Can't assign requested address" :
    error == ENETDOWN ? "Network is down" :
    error == ENETUNREACH ? "Network is unreachable" :
    error == ENETRESET ? "Network dropped connection on reset" :
    error == ECONNABORTED ? "Software caused connection abort" :
    error == ECONNRESET ? "Connection reset by peer" :
    error == ENOBUFS ? "No buffer space available" :
    error == EISCONN ? "Socket is already connected" :
    error == ENOTCONN ? "Socket is not connected" :
    error == ESHUTDOWN ? "Can't send after socket shutdown" :
    error == ETOOMANYREFS ? "Too many references: can't splice" :
    error == ETIMEDOUT ? "Operation timed out" :
    error == ECONNREFUSED ? "Connection refused" :
    error == ELOOP ? "Too many levels of symbolic links" :
    error == ENAMETOOLONG ? "File name too long" :
    error == EHOSTDOWN ? "Host is down" :
    error == EHOSTUNREACH ? "No route to host" :
    error == ENOTEMPTY ? "Directory not empty" :
    error == EPROCLIM ? "Too many processes" :
    error == EUSERS ? "Too many users" :
    error == EDQUOT ? "Disc quota exceeded" :
    error == ESTALE ? "Stale NFS file handle" :
    error == EREMOTE ? "Too many levels of remote in path" :
    error == EBADRPC ? "RPC struct is bad" :
    error == ERPCMISMATCH ? "RPC version wrong" :
    error == EPROGUNAVAIL ? "RPC prog. not avail" :
    error == EPROGMISMATCH ? "Program version wrong" :
    error == EPROCUNAVAIL ? "Bad procedure for program" :
    error == ENOLCK ? "No locks available" :
    error == ENOSYS ? "Function not implemented" :
    error == EFTYPE ? "Inappropriate file type or format" :
    error == EAUTH ? "Authentication error" :
    error == ENEEDAUTH ? "Need authenticator" :
    error == EIDRM ? "Identifier removed" :
    error == ENOMSG ? "No message of desired type" :
    error == EOVERFLOW ? "Value too large to be stored in data type" :
    error == ECANCELED ? "Operation canceled" :
    error == EILSEQ ? "Illegal byte sequence" :
    error == ENOATTR ? "Attribute not found" :
    error == EDOOFUS ? "Programming error" :
    error == EBADMSG ? "Bad message" :
    error == EMULTIHOP ? "Multihop attempted" :
    error == ENOLINK ? "Link has been severed" :
    error == EPROTO ? "Protocol error" :
    error == ENOTCAPABLE ? "Capabilities insufficient" :
    error == ECAPMODE ? "Not permitted in capability mode" :
    error == ENOTRECOVERABLE ? "State not recoverable" :
    error == EOWNERDEAD ? "Previous owner died" :
    error == EINTEGRITY ? "Integrity check failed" :
    error == ERESTART ? "restart syscall" :
    error == EJUSTRETURN ? "don't modify regs, just return" :
    error == ENOIOCTL ? "ioctl not handled by this layer" :
    error == EDIRIOCTL ? "do direct ioctl in GEOM" :
    error == ERELOOKUP ? "retry the directory lookup" :
    "Unknown error";

inline string signal_string[int signal] =
    signal == SIGHUP ? "SIGHUP" :
    signal == SIGINT ? "SIGINT" :
    signal == SIGQUIT ? "SIGQUIT" :
    signal == SIGILL ? "SIGILL" :
    signal == SIGTRAP ? "SIGTRAP" :
    signal == SIGABRT ? "SIGABRT" :
    signal == SIGEMT ? "SIGEMT" :
    signal == SIGFPE ? "SIGFPE" :
    signal == SIGKILL ? "SIGKILL" :
    signal == SIGBUS ? "SIGBUS" :
    signal == SIGSEGV ? "SIGSEGV" :
    signal == SIGSYS ? "SIGSYS" :
    signal == SIGPIPE ? "SIGPIPE" :
    signal == SIGALRM ? "SIGALRM" :
    signal == SIGTERM ? "SIGTERM" :
    signal == SIGURG ? "SIGURG" :
    signal == SIGSTOP ? "SIGSTOP" :
    signal == SIGTSTP ? "SIGTSTP" :
    signal == SIGCONT ? "SIGCONT" :
    signal == SIGCHLD ? "SIGCHLD" :
    signal == SIGTTIN ? "SIGTTIN" :
    signal == SIGTTOU ? "SIGTTOU" :
    signal == SIGIO ? "SIGIO" :
    signal == SIGXCPU ? "SIGXCPU" :
    signal == SIGXFSZ ? "SIGXFSZ" :
    signal == SIGVTALRM ? "SIGVTALRM" :
    signal == SIGPROF ? "SIGPROF" :
    signal == SIGWINCH ? "SIGWINCH" :
    signal == SIGINFO ? "SIGINFO" :
    signal == SIGUSR1 ? "SIGUSR1" :
    signal == SIGUSR2 ? "SIGUSR2" :
    signal == SIGTHR ? "SIGTHR" :
    signal == SIGLIBRT ? "SIGLIBRT" :
    "UNKNOWN";

inline string child_signal_string[int code] =
    code == CLD_EXITED ? "child exited" :
    code == CLD_KILLED ? "child terminated abnormally" :
    code == CLD_DUMPED ? "child core dumped" :
    code == CLD_TRAPPED ? "traced child trapped" :
    code == CLD_STOPPED ? "child stopped" :
    code == CLD_CONTINUED ? "stopped child continued" :
    strjoin("unknown SIGCHLD code (", strjoin(lltostr(code), ")"));

inline string device_type_string[int type] =
    type == DEVSTAT_TYPE_DIRECT ? "DIRECT" :
    type == DEVSTAT_TYPE_SEQUENTIAL ? "SEQUENTIAL" :
    type == DEVSTAT_TYPE_PRINTER ? "PRINTER" :
    type == DEVSTAT_TYPE_PROCESSOR ? "PROCESSOR" :
    type == DEVSTAT_TYPE_WORM ? "WORM" :
    type == DEVSTAT_TYPE_CDROM ? "CDROM" :
    type == DEVSTAT_TYPE_SCANNER ? "SCANNER" :
    type == DEVSTAT_TYPE_OPTICAL ? "OPTICAL" :
    type == DEVSTAT_TYPE_CHANGER ? "CHANGER" :
    type == DEVSTAT_TYPE_COMM ? "COMM" :
    type == DEVSTAT_TYPE_ASC0 ? "ASC0" :
    type == DEVSTAT_TYPE_ASC1 ? "ASC1" :
    type == DEVSTAT_TYPE_STORARRAY ? "STORARRAY" :
    type == DEVSTAT_TYPE_ENCLOSURE ? "ENCLOSURE" :
    type == DEVSTAT_TYPE_FLOPPY ? "FLOPPY" :
    strjoin("UNKNOWN(", strjoin(lltostr(type), ")"));

inline string device_type[int type] = device_type_string[type & DEVSTAT_TYPE_MASK];

inline string bio_cmd_string[int command] =
    command == BIO_READ ? "READ" :
    command == BIO_WRITE ? "WRITE" :
    command == BIO_DELETE ? "DELETE" :
    command == BIO_GETATTR ? "GETATTR" :
    command == BIO_FLUSH ? "FLUSH" :
    command == BIO_CMD0 ? "CMD0" :
    command == BIO_CMD1 ? "CMD1" :
    command == BIO_CMD2 ? "CMD2" :
    command == BIO_ZONE ? "ZONE" :
    strjoin("UNKNOWN(", strjoin(lltostr(command), ")"));

inline string bio_flag_string[int flag] =
    flag == BIO_ERROR ? "ERROR" :
    flag == BIO_DONE ? "DONE" :
    flag == BIO_ONQUEUE ? "ONQUEUE" :
    flag == BIO_ORDERED ? "ORDERED" :
    flag == BIO_UNMAPPED ? "UNMAPPED" :
    flag == BIO_TRANSIENT_MAPPING ? "TRANSIENT_MAPPING" :
    flag == BIO_VLIST ? "VLIST" :
    "";

inline string prureq_string[uint8_t request] =
    request == PRU_ATTACH ? "ATTACH" :
    request == PRU_DETACH ? "DETACH" :
    request == PRU_BIND ? "BIND" :
    request == PRU_LISTEN ? "LISTEN" :
    request == PRU_CONNECT ? "CONNECT" :
    request == PRU_ACCEPT ? "ACCEPT" :
    request == PRU_DISCONNECT ? "DISCONNECT" :
    request == PRU_SHUTDOWN ? "SHUTDOWN" :
    request == PRU_RCVD ? "RCVD" :
    request == PRU_SEND ? "SEND" :
    request == PRU_ABORT ? "ABORT" :
    request == PRU_CONTROL ? "CONTROL" :
    request == PRU_SENSE ? "SENSE" :
    request == PRU_RCVOOB ? "RCVOOB" :
    request == PRU_SENDOOB ? "SENDOOB" :
    request == PRU_SOCKADDR ? "SOCKADDR" :
    request == PRU_PEERADDR ? "PEERADDR" :
    request == PRU_CONNECT2 ? "CONNECT2" :
    request == PRU_FASTTIMO ? "FASTTIMO" :
    request == PRU_SLOWTIMO ? "SLOWTIMO" :
    request == PRU_PROTORCV ? "PROTORCV" :
    request == PRU_PROTOSEND ? "PROTOSEND" :
    request == PRU_SOSETLABEL ? "SOSETLABEL" :
    request == PRU_CLOSE ? "CLOSE" :
    request == PRU_FLUSH ? "FLUSE" :
    "unknown";

inline string mbufflags_string[uint32_t flags] =
    flags & M_EXT ? "M_EXT" :
    flags & M_PKTHDR ? "M_PKTHDR" :
    flags & M_EOR ? "M_EOR" :
    flags & M_RDONLY ? "M_RDONLY" :
    flags & M_BCAST ? "M_BCAST" :
    flags & M_MCAST ? "M_MCAST" :
    flags & M_PROMISC ? "M_PROMISC" :
    flags & M_VLANTAG ? "M_VLANTAG" :
    flags & M_EXTPG ? "M_EXTPG" :
    flags & M_NOFREE ? "M_NOFREE" :
    flags & M_TSTMP ? "M_TSTMP" :
    flags & M_TSTMP_HPREC ? "M_TSTMP_HPREC" :
    flags & M_TSTMP_LRO ? "M_TSTMP_LRO" :
    flags & M_PROTO1 ? "M_PROTO1" :
    flags & M_PROTO2 ? "M_PROTO2" :
    flags & M_PROTO3 ? "M_PROTO3" :
    flags & M_PROTO4 ? "M_PROTO4" :
    flags & M_PROTO5 ? "M_PROTO5" :
    flags & M_PROTO6 ? "M_PROTO6" :
    flags & M_PROTO7 ? "M_PROTO7" :
    flags & M_PROTO8 ? "M_PROTO8" :
    flags & M_PROTO9 ? "M_PROTO9" :
    flags & M_PROTO10 ? "M_PROTO10" :
    flags & M_PROTO11 ? "M_PROTO11" :
    "none";

inline string ipfw_retcodes[int code] =
    code == IP_FW_PASS ? "PASS" :
    code == IP_FW_DENY ? "DENY" :
    code == IP_FW_DIVERT ? "DIVERT" :
    code == IP_FW_TEE ? "TEE" :
    code == IP_FW_DUMMYNET ? "DUMMYNET" :
    code == IP_FW_NETGRAPH ? "NETGRAPH" :
    code == IP_FW_NGTEE ? "NGTEE" :
    code == IP_FW_NAT ? "NAT" :
    code == IP_FW_REASS ? "REASS" :
    code == IP_FW_NAT64 ? "NAT64" :
    "<unknown>";

inline string sctp_state_string[int32_t state] =
    state & SCTP_STATE_ABOUT_TO_BE_FREED ? "state-closed" :
    state & SCTP_STATE_SHUTDOWN_PENDING ? "state-shutdown-pending" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_EMPTY ? "state-closed" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_INUSE ? "state-closed" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_COOKIE_WAIT ? "state-cookie-wait" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_COOKIE_ECHOED ? "state-cookie-echoed" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_OPEN ? "state-established" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_SHUTDOWN_SENT ? "state-shutdown-sent" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_SHUTDOWN_RECEIVED ? "state-shutdown-received" :
    (state & SCTP_STATE_MASK) == SCTP_STATE_SHUTDOWN_ACK_SENT ? "state-shutdown-ack-sent" :
    "<unknown>";
