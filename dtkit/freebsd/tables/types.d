/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types that FreeBSD's kernel headers have under these names, on LP64.
 *
 * Structures that D programs only look into (struct ifnet, struct thread, struct proc) have the
 * members that are simulated, at offsets of their own; what a kernel adds to them is left out.
 */

typedef unsigned char u_char;
typedef unsigned short u_short;
typedef unsigned int u_int;
typedef unsigned long u_long;
typedef unsigned char u_int8_t;
typedef unsigned short u_int16_t;
typedef unsigned int u_int32_t;
typedef unsigned long u_int64_t;
typedef _Bool bool;
typedef unsigned int uint;
typedef unsigned long ulong;
typedef unsigned short ushort;
typedef long quad_t;
typedef unsigned long u_quad_t;
typedef char *caddr_t;
typedef long off_t;
typedef long time_t;
typedef long suseconds_t;
typedef long sbintime_t;
typedef long register_t;
typedef unsigned long u_register_t;
typedef long daddr_t;
typedef unsigned short mode_t;
typedef unsigned int socklen_t;
typedef unsigned int fflags_t;
typedef int lwpid_t;
typedef int clockid_t;
typedef unsigned long vm_offset_t;
typedef unsigned long vm_paddr_t;
typedef unsigned long vm_size_t;
typedef unsigned long *counter_u64_t;
typedef unsigned int uid_t;
typedef unsigned int gid_t;
typedef unsigned int in_addr_t;
typedef unsigned short in_port_t;
typedef unsigned char sa_family_t;

/* sys/dtrace_bsd.h */
typedef int (*dtrace_trap_func_t)(struct trapframe *, u_int);

/* sys/_timespec.h, sys/_timeval.h */
struct timespec {
	time_t tv_sec;
	long tv_nsec;
};

struct timeval {
	time_t tv_sec;
	suseconds_t tv_usec;
};

struct proc {
	struct proc *p_pptr;
	int p_pid;
	char p_comm[20];
};

/* sys/jail.h */
struct prison {
	int pr_id;
	struct {
		struct prison *lh_first;
	} pr_children;
	struct {
		struct prison *le_next;
		struct prison **le_prev;
	} pr_sibling;
	struct vnet *pr_vnet;
	char pr_name[256];
};

/* sys/ucred.h */
struct ucred {
	uid_t cr_uid;
	struct prison *cr_prison;
};

struct thread {
	void *td_lock;
	struct proc *td_proc;
	struct ucred *td_ucred;
	int td_tid;
	char td_name[20];
	struct vnet *td_vnet;
};

/* net/vnet.h */
struct vnet {
	struct vnet *le_next;
	struct vnet **le_prev;
	u_int vnet_magic_n;
	u_int vnet_ifcnt;
	u_int vnet_sockcnt;
	u_int vnet_state;
	void *vnet_data_mem;
	unsigned long vnet_data_base;
};

/* net/if_var.h: up to the name that the interface is known by. */
struct ifnet {
	struct ifnet *if_link;
	void *if_clones[2];
	void *if_groups[2];
	u_char if_alloctype;
	void *if_softc;
	void *if_llsoftc;
	void *if_l2com;
	const char *if_dname;
	int if_dunit;
	u_short if_index;
	short if_index_reserved;
	char if_xname[16];
	const char *if_description;
	struct vnet *if_vnet;
	int if_flags;
};

struct sockaddr {
	unsigned char sa_len;
	sa_family_t sa_family;
	char sa_data[14];
};

/* netinet/in.h */
struct in_addr {
	in_addr_t s_addr;
};

/* netinet6/in6.h */
struct in6_addr {
	union {
		uint8_t __u6_addr8[16];
		uint16_t __u6_addr16[8];
		uint32_t __u6_addr32[4];
	} __u6_addr;
};

/* sys/socketvar.h: what D looks at, at offsets of its own */
struct socket {
	uint32_t so_options;
	uint32_t so_user_cookie;
	struct ucred *so_cred;
};

/* netinet/in_pcb.h: what D looks at of a connection's end, at offsets of its own */
union in_dependaddr {
	struct {
		u_int32_t ia46_pad32[3];
		struct in_addr ia46_addr4;
	} id46_addr;
	struct in6_addr id6_addr;
};

struct in_endpoints {
	u_int16_t ie_fport;
	u_int16_t ie_lport;
	union in_dependaddr ie_dependfaddr;
	union in_dependaddr ie_dependladdr;
	u_int32_t ie6_zoneid;
};

struct in_conninfo {
	u_int8_t inc_flags;
	u_int8_t inc_len;
	u_int16_t inc_fibnum;
	struct in_endpoints inc_ie;
};

struct inpcb {
	struct socket *inp_socket;
	struct ucred *inp_cred;
	u_char inp_vflag;
	struct in_conninfo inp_inc;
};

/* net/ethernet.h */
struct ether_addr {
	u_char octet[6];
};

struct ether_header {
	u_char ether_dhost[6];
	u_char ether_shost[6];
	u_short ether_type;
};

struct ether_vlan_header {
	uint8_t evl_dhost[6];
	uint8_t evl_shost[6];
	uint16_t evl_encap_proto;
	uint16_t evl_tag;
	uint16_t evl_proto;
};

/* netinet/ip.h */
struct ip {
	u_char ip_hl : 4, ip_v : 4;
	u_char ip_tos;
	u_short ip_len;
	u_short ip_id;
	u_short ip_off;
	u_char ip_ttl;
	u_char ip_p;
	u_short ip_sum;
	struct in_addr ip_src, ip_dst;
};

/* netinet/ip6.h */
struct ip6_hdr {
	union {
		struct ip6_hdrctl {
			uint32_t ip6_un1_flow;
			uint16_t ip6_un1_plen;
			uint8_t ip6_un1_nxt;
			uint8_t ip6_un1_hlim;
		} ip6_un1;
		uint8_t ip6_un2_vfc;
	} ip6_ctlun;
	struct in6_addr ip6_src;
	struct in6_addr ip6_dst;
};

/* netinet/tcp.h */
typedef unsigned int tcp_seq;

struct tcphdr {
	u_short th_sport;
	u_short th_dport;
	tcp_seq th_seq;
	tcp_seq th_ack;
	u_char th_x2 : 4, th_off : 4;
	u_char th_flags;
	u_short th_win;
	u_short th_sum;
	u_short th_urp;
};

/* netinet/udp.h */
struct udphdr {
	u_short uh_sport;
	u_short uh_dport;
	u_short uh_ulen;
	u_short uh_sum;
};

/* netinet/ip_icmp.h, without what follows by type */
struct icmp {
	u_char icmp_type;
	u_char icmp_code;
	u_short icmp_cksum;
	union {
		u_char ih_pptr;
		struct in_addr ih_gwaddr;
		struct ih_idseq {
			uint16_t icd_id;
			uint16_t icd_seq;
		} ih_idseq;
		int ih_void;
	} icmp_hun;
};

/* netinet/icmp6.h */
struct icmp6_hdr {
	uint8_t icmp6_type;
	uint8_t icmp6_code;
	uint16_t icmp6_cksum;
	union {
		uint32_t icmp6_un_data32[1];
		uint16_t icmp6_un_data16[2];
		uint8_t icmp6_un_data8[4];
	} icmp6_dataun;
};

/* net/if_arp.h */
struct arphdr {
	u_short ar_hrd;
	u_short ar_pro;
	u_char ar_hln;
	u_char ar_pln;
	u_short ar_op;
};
