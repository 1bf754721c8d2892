/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The header of a segment as the tcp provider passes it in release 15: the flags include AE.
 */

typedef struct tcpinfo {
	uint16_t tcp_sport;
	uint16_t tcp_dport;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint8_t tcp_offset;
	uint16_t tcp_flags;
	uint16_t tcp_window;
	uint16_t tcp_checksum;
	uint16_t tcp_urgent;
	struct tcphdr *tcp_hdr;
} tcpinfo_t;

typedef struct tcpinfoh {
	uint16_t tcp_sport;
	uint16_t tcp_dport;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint8_t tcp_offset;
	uint16_t tcp_flags;
	uint16_t tcp_window;
	uint16_t tcp_checksum;
	uint16_t tcp_urgent;
	struct tcphdr *tcp_hdr;
} tcpinfoh_t;

translator tcpinfo_t < struct tcphdr *p > {
	tcp_sport = p == NULL ? 0 : ntohs(p->th_sport);
	tcp_dport = p == NULL ? 0 : ntohs(p->th_dport);
	tcp_seq = p == NULL ? -1 : ntohl(p->th_seq);
	tcp_ack = p == NULL ? -1 : ntohl(p->th_ack);
	tcp_offset = p == NULL ? -1 : (p->th_off << 2);
	tcp_flags = p == NULL ? 0 : p->th_x2 << 8 | p->th_flags;
	tcp_window = p == NULL ? 0 : ntohs(p->th_win);
	tcp_checksum = p == NULL ? 0 : ntohs(p->th_sum);
	tcp_urgent = p == NULL ? 0 : ntohs(p->th_urp);
	tcp_hdr = (struct tcphdr *)p;
};

/* Of a header that the kernel has put into its own byte order. */
translator tcpinfoh_t < struct tcphdr *p > {
	tcp_sport = p == NULL ? 0 : ntohs(p->th_sport);
	tcp_dport = p == NULL ? 0 : ntohs(p->th_dport);
	tcp_seq = p == NULL ? -1 : p->th_seq;
	tcp_ack = p == NULL ? -1 : p->th_ack;
	tcp_offset = p == NULL ? -1 : (p->th_off << 2);
	tcp_flags = p == NULL ? 0 : p->th_x2 << 8 | p->th_flags;
	tcp_window = p == NULL ? 0 : p->th_win;
	tcp_checksum = p == NULL ? 0 : ntohs(p->th_sum);
	tcp_urgent = p == NULL ? 0 : p->th_urp;
	tcp_hdr = (struct tcphdr *)p;
};

inline string tcpflag_string[uint16_t flags] =
    flags & TH_FIN ? "FIN" :
    flags & TH_SYN ? "SYN" :
    flags & TH_RST ? "RST" :
    flags & TH_PUSH ? "PUSH" :
    flags & TH_ACK ? "ACK" :
    flags & TH_URG ? "URG" :
    flags & TH_ECE ? "ECE" :
    flags & TH_CWR ? "CWR" :
    flags & TH_AE ? "AE" :
    "unknown";
