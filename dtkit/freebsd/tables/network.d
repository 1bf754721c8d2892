/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ip, tcp and udp providers pass in args[], as dtrace_ip(4), dtrace_tcp(4) and
 * dtrace_udp(4) describe it. Of a connection's state, which is not simulated, there is only the
 * address.
 */

typedef uint32_t ipaddr_t;
typedef uint32_t zoneid_t;
typedef struct in6_addr in6_addr_t;

typedef struct pktinfo {
	uintptr_t pkt_addr;
} pktinfo_t;

typedef struct csinfo {
	uintptr_t cs_addr;
	uint64_t cs_cid;
	pid_t cs_pid;
	zoneid_t cs_zoneid;
} csinfo_t;

typedef struct ipinfo {
	uint8_t ip_ver;
	uint32_t ip_plength;
	string ip_saddr;
	string ip_daddr;
} ipinfo_t;

typedef struct ifinfo {
	string if_name;
	int8_t if_local;
	uintptr_t if_addr;
} ifinfo_t;

typedef struct ipv4info {
	uint8_t ipv4_ver;
	uint8_t ipv4_ihl;
	uint8_t ipv4_tos;
	uint16_t ipv4_length;
	uint16_t ipv4_ident;
	uint8_t ipv4_flags;
	uint16_t ipv4_offset;
	uint8_t ipv4_ttl;
	uint8_t ipv4_protocol;
	string ipv4_protostr;
	uint16_t ipv4_checksum;
	ipaddr_t ipv4_src;
	ipaddr_t ipv4_dst;
	string ipv4_saddr;
	string ipv4_daddr;
	struct ip *ipv4_hdr;
} ipv4info_t;

typedef struct ipv6info {
	uint8_t ipv6_ver;
	uint8_t ipv6_tclass;
	uint32_t ipv6_flow;
	uint16_t ipv6_plen;
	uint8_t ipv6_nexthdr;
	string ipv6_nextstr;
	uint8_t ipv6_hlim;
	in6_addr_t *ipv6_src;
	in6_addr_t *ipv6_dst;
	string ipv6_saddr;
	string ipv6_daddr;
	struct ip6_hdr *ipv6_hdr;
} ipv6info_t;

typedef struct tcpinfo {
	uint16_t tcp_sport;
	uint16_t tcp_dport;
	uint32_t tcp_seq;
	uint32_t tcp_ack;
	uint8_t tcp_offset;
	uint8_t tcp_flags;
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
	uint8_t tcp_flags;
	uint16_t tcp_window;
	uint16_t tcp_checksum;
	uint16_t tcp_urgent;
	struct tcphdr *tcp_hdr;
} tcpinfoh_t;

typedef struct tcpsinfo {
	uintptr_t tcps_addr;
} tcpsinfo_t;

typedef struct udpinfo {
	uint16_t udp_sport;
	uint16_t udp_dport;
	uint16_t udp_length;
	uint16_t udp_checksum;
	struct udphdr *udp_hdr;
} udpinfo_t;

typedef struct udpsinfo {
	uintptr_t udps_addr;
} udpsinfo_t;

inline short IPPROTO_ICMP = 1;
inline short IPPROTO_IGMP = 2;
inline short IPPROTO_TCP = 6;
inline short IPPROTO_UDP = 17;
inline short IPPROTO_ICMPV6 = 58;
inline short IPPROTO_SCTP = 132;

inline uint8_t TH_FIN = 0x01;
inline uint8_t TH_SYN = 0x02;
inline uint8_t TH_RST = 0x04;
inline uint8_t TH_PUSH = 0x08;
inline uint8_t TH_ACK = 0x10;
inline uint8_t TH_URG = 0x20;
inline uint8_t TH_ECE = 0x40;
inline uint8_t TH_CWR = 0x80;

inline string protocols[int proto] =
    proto == IPPROTO_ICMP ? "ICMP" :
    proto == IPPROTO_IGMP ? "IGMP" :
    proto == IPPROTO_TCP ? "TCP" :
    proto == IPPROTO_UDP ? "UDP" :
    proto == IPPROTO_ICMPV6 ? "ICMPV6" :
    proto == IPPROTO_SCTP ? "SCTP" :
    "<unknown>";

translator pktinfo_t < void *p > {
	pkt_addr = NULL;
};

translator csinfo_t < void *p > {
	cs_addr = NULL;
	cs_cid = (uint64_t)p;
	cs_pid = 0;
	cs_zoneid = 0;
};

translator csinfo_t < struct tcpcb *p > {
	cs_addr = NULL;
	cs_cid = (uint64_t)p;
	cs_pid = 0;
	cs_zoneid = 0;
};

translator csinfo_t < struct inpcb *p > {
	cs_addr = NULL;
	cs_cid = (uint64_t)p;
	cs_pid = 0;
	cs_zoneid = 0;
};

translator ipinfo_t < uint8_t *p > {
	ip_ver = p == NULL ? 0 : ((struct ip *)p)->ip_v;
	ip_plength = p == NULL ? 0 :
	    ((struct ip *)p)->ip_v == 4 ?
	    ntohs(((struct ip *)p)->ip_len) - (((struct ip *)p)->ip_hl << 2) :
	    ntohs(((struct ip6_hdr *)p)->ip6_ctlun.ip6_un1.ip6_un1_plen);
	ip_saddr = p == NULL ? "<unknown>" :
	    ((struct ip *)p)->ip_v == 4 ?
	    inet_ntoa(&((struct ip *)p)->ip_src.s_addr) :
	    inet_ntoa6(&((struct ip6_hdr *)p)->ip6_src);
	ip_daddr = p == NULL ? "<unknown>" :
	    ((struct ip *)p)->ip_v == 4 ?
	    inet_ntoa(&((struct ip *)p)->ip_dst.s_addr) :
	    inet_ntoa6(&((struct ip6_hdr *)p)->ip6_dst);
};

translator ipinfo_t < struct mbuf *m > {
	ip_ver = m == NULL ? 0 : ((struct ip *)m->m_data)->ip_v;
	ip_plength = m == NULL ? 0 :
	    ((struct ip *)m->m_data)->ip_v == 4 ?
	    ntohs(((struct ip *)m->m_data)->ip_len) - (((struct ip *)m->m_data)->ip_hl << 2) :
	    ntohs(((struct ip6_hdr *)m->m_data)->ip6_ctlun.ip6_un1.ip6_un1_plen);
	ip_saddr = m == NULL ? "<unknown>" :
	    ((struct ip *)m->m_data)->ip_v == 4 ?
	    inet_ntoa(&((struct ip *)m->m_data)->ip_src.s_addr) :
	    inet_ntoa6(&((struct ip6_hdr *)m->m_data)->ip6_src);
	ip_daddr = m == NULL ? "<unknown>" :
	    ((struct ip *)m->m_data)->ip_v == 4 ?
	    inet_ntoa(&((struct ip *)m->m_data)->ip_dst.s_addr) :
	    inet_ntoa6(&((struct ip6_hdr *)m->m_data)->ip6_dst);
};

translator ifinfo_t < struct ifnet *p > {
	if_name = p == NULL ? "<null>" : stringof(p->if_xname);
	if_local = 0;
	if_addr = (uintptr_t)p;
};

translator ipv4info_t < struct ip *p > {
	ipv4_ver = p == NULL ? 0 : p->ip_v;
	ipv4_ihl = p == NULL ? 0 : p->ip_hl;
	ipv4_tos = p == NULL ? 0 : p->ip_tos;
	ipv4_length = p == NULL ? 0 : ntohs(p->ip_len);
	ipv4_ident = p == NULL ? 0 : ntohs(p->ip_id);
	ipv4_flags = p == NULL ? 0 : (ntohs(p->ip_off) & 0xe000) >> 8;
	ipv4_offset = p == NULL ? 0 : ntohs(p->ip_off) & 0x1fff;
	ipv4_ttl = p == NULL ? 0 : p->ip_ttl;
	ipv4_protocol = p == NULL ? 0 : p->ip_p;
	ipv4_protostr = p == NULL ? "<null>" : protocols[p->ip_p];
	ipv4_checksum = p == NULL ? 0 : ntohs(p->ip_sum);
	ipv4_src = p == NULL ? 0 : (ipaddr_t)ntohl(p->ip_src.s_addr);
	ipv4_dst = p == NULL ? 0 : (ipaddr_t)ntohl(p->ip_dst.s_addr);
	ipv4_saddr = p == NULL ? 0 : inet_ntoa(&p->ip_src.s_addr);
	ipv4_daddr = p == NULL ? 0 : inet_ntoa(&p->ip_dst.s_addr);
	ipv4_hdr = p;
};

translator ipv6info_t < struct ip6_hdr *p > {
	ipv6_ver = p == NULL ? 0 : 6;
	ipv6_tclass = p == NULL ? 0 : (ntohl(p->ip6_ctlun.ip6_un1.ip6_un1_flow) & 0xff00000) >> 20;
	ipv6_flow = p == NULL ? 0 : ntohl(p->ip6_ctlun.ip6_un1.ip6_un1_flow) & 0xfffff;
	ipv6_plen = p == NULL ? 0 : ntohs(p->ip6_ctlun.ip6_un1.ip6_un1_plen);
	ipv6_nexthdr = p == NULL ? 0 : p->ip6_ctlun.ip6_un1.ip6_un1_nxt;
	ipv6_nextstr = p == NULL ? "<null>" : protocols[p->ip6_ctlun.ip6_un1.ip6_un1_nxt];
	ipv6_hlim = p == NULL ? 0 : p->ip6_ctlun.ip6_un1.ip6_un1_hlim;
	ipv6_src = p == NULL ? 0 : (in6_addr_t *)&p->ip6_src;
	ipv6_dst = p == NULL ? 0 : (in6_addr_t *)&p->ip6_dst;
	ipv6_saddr = p == NULL ? 0 : inet_ntoa6(&p->ip6_src);
	ipv6_daddr = p == NULL ? 0 : inet_ntoa6(&p->ip6_dst);
	ipv6_hdr = p;
};

translator tcpinfo_t < struct tcphdr *p > {
	tcp_sport = p == NULL ? 0 : ntohs(p->th_sport);
	tcp_dport = p == NULL ? 0 : ntohs(p->th_dport);
	tcp_seq = p == NULL ? -1 : ntohl(p->th_seq);
	tcp_ack = p == NULL ? -1 : ntohl(p->th_ack);
	tcp_offset = p == NULL ? -1 : (p->th_off >> 2);
	tcp_flags = p == NULL ? 0 : p->th_flags;
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
	tcp_offset = p == NULL ? -1 : (p->th_off >> 2);
	tcp_flags = p == NULL ? 0 : p->th_flags;
	tcp_window = p == NULL ? 0 : p->th_win;
	tcp_checksum = p == NULL ? 0 : ntohs(p->th_sum);
	tcp_urgent = p == NULL ? 0 : p->th_urp;
	tcp_hdr = (struct tcphdr *)p;
};

translator tcpsinfo_t < struct tcpcb *p > {
	tcps_addr = (uintptr_t)p;
};

translator udpinfo_t < struct udphdr *p > {
	udp_sport = p == NULL ? 0 : ntohs(p->uh_sport);
	udp_dport = p == NULL ? 0 : ntohs(p->uh_dport);
	udp_length = p == NULL ? 0 : ntohs(p->uh_ulen);
	udp_checksum = p == NULL ? 0 : ntohs(p->uh_sum);
	udp_hdr = (struct udphdr *)p;
};

translator udpsinfo_t < struct inpcb *p > {
	udps_addr = (uintptr_t)p;
};
