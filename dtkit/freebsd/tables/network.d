/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the ip, udp and udplite providers pass in args[], as dtrace_ip(4), dtrace_udp(4) and
 * dtrace_udplite(4) describe it, and what tcp(4)'s has in all releases.
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

typedef struct {
	uint8_t ipha_version_and_hdr_length;
	uint8_t ipha_type_of_service;
	uint16_t ipha_length;
	uint16_t ipha_ident;
	uint16_t ipha_fragment_offset_and_flags;
	uint8_t ipha_ttl;
	uint8_t ipha_protocol;
	uint16_t ipha_hdr_checksum;
	ipaddr_t ipha_src;
	ipaddr_t ipha_dst;
} ipha_t;

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
	ipha_t *ipv4_hdr;
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

typedef struct tcpsinfo {
	uintptr_t tcps_addr;
	int tcps_local;
	int tcps_active;
	uint16_t tcps_lport;
	uint16_t tcps_rport;
	string tcps_laddr;
	string tcps_raddr;
	int32_t tcps_state;
	uint32_t tcps_iss;
	uint32_t tcps_irs;
	uint32_t tcps_suna;
	uint32_t tcps_smax;
	uint32_t tcps_snxt;
	uint32_t tcps_rack;
	uint32_t tcps_rnxt;
	u_long tcps_swnd;
	int32_t tcps_snd_ws;
	uint32_t tcps_swl1;
	uint32_t tcps_swl2;
	uint32_t tcps_rup;
	uint32_t tcps_radv;
	u_long tcps_rwnd;
	int32_t tcps_rcv_ws;
	u_long tcps_cwnd;
	u_long tcps_cwnd_ssthresh;
	uint32_t tcps_srecover;
	uint32_t tcps_sack_fack;
	uint32_t tcps_sack_snxt;
	uint32_t tcps_rto;
	uint32_t tcps_mss;
	int tcps_retransmit;
	int tcps_srtt;
	int tcps_debug;
	int tcps_cookie;
	int32_t tcps_dupacks;
	uint32_t tcps_rtttime;
	uint32_t tcps_rtseq;
	uint32_t tcps_ts_recent;
} tcpsinfo_t;

typedef struct tcplsinfo {
	int32_t tcps_state;
} tcplsinfo_t;

typedef struct udpinfo {
	uint16_t udp_sport;
	uint16_t udp_dport;
	uint16_t udp_length;
	uint16_t udp_checksum;
	struct udphdr *udp_hdr;
} udpinfo_t;

typedef struct udpsinfo {
	uintptr_t udps_addr;
	uint16_t udps_lport;
	uint16_t udps_rport;
	string udps_laddr;
	string udps_raddr;
} udpsinfo_t;

typedef struct udpliteinfo {
	uint16_t udplite_sport;
	uint16_t udplite_dport;
	uint16_t udplite_coverage;
	uint16_t udplite_checksum;
	struct udplitehdr *udplite_hdr;
} udpliteinfo_t;

typedef struct udplitesinfo {
	uintptr_t udplites_addr;
	uint16_t udplites_lport;
	uint16_t udplites_rport;
	string udplites_laddr;
	string udplites_raddr;
} udplitesinfo_t;

inline string protocols[int proto] =
    proto == IPPROTO_IP ? "IP" :
    proto == IPPROTO_ICMP ? "ICMP" :
    proto == IPPROTO_IGMP ? "IGMP" :
    proto == IPPROTO_IPV4 ? "IPV4" :
    proto == IPPROTO_TCP ? "TCP" :
    proto == IPPROTO_UDP ? "UDP" :
    proto == IPPROTO_IPV6 ? "IPV6" :
    proto == IPPROTO_ROUTING ? "ROUTING" :
    proto == IPPROTO_FRAGMENT ? "FRAGMENT" :
    proto == IPPROTO_RSVP ? "RSVP" :
    proto == IPPROTO_GRE ? "GRE" :
    proto == IPPROTO_ESP ? "ESP" :
    proto == IPPROTO_AH ? "AH" :
    proto == IPPROTO_MOBILE ? "MOBILE" :
    proto == IPPROTO_ICMPV6 ? "ICMPV6" :
    proto == IPPROTO_DSTOPTS ? "DSTOPTS" :
    proto == IPPROTO_ETHERIP ? "ETHERIP" :
    proto == IPPROTO_PIM ? "PIM" :
    proto == IPPROTO_IPCOMP ? "IPCOMP" :
    proto == IPPROTO_SCTP ? "SCTP" :
    proto == IPPROTO_UDPLITE ? "UDPLITE" :
    proto == IPPROTO_RAW ? "RAW" :
    "<unknown>";

inline string tcp_state_string[int32_t state] =
    state == TCPS_CLOSED ? "state-closed" :
    state == TCPS_LISTEN ? "state-listen" :
    state == TCPS_SYN_SENT ? "state-syn-sent" :
    state == TCPS_SYN_RECEIVED ? "state-syn-received" :
    state == TCPS_ESTABLISHED ? "state-established" :
    state == TCPS_CLOSE_WAIT ? "state-close-wait" :
    state == TCPS_FIN_WAIT_1 ? "state-fin-wait-1" :
    state == TCPS_CLOSING ? "state-closing" :
    state == TCPS_LAST_ACK ? "state-last-ack" :
    state == TCPS_FIN_WAIT_2 ? "state-fin-wait-2" :
    state == TCPS_TIME_WAIT ? "state-time-wait" :
    "<unknown>";

inline string tcpdebug_dir_string[uint8_t direction] =
    direction == TA_INPUT ? "input" :
    direction == TA_OUTPUT ? "output" :
    direction == TA_USER ? "user" :
    direction == TA_RESPOND ? "respond" :
    direction == TA_DROP ? "drop" :
    "unknown";

inline string siftr_dir_string[uint8_t direction] =
    direction == SIFTR_IN ? "in" :
    direction == SIFTR_OUT ? "out" :
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
	if_local = p == NULL ? 0 : (p->if_flags & IFF_LOOPBACK) == 0 ? 0 : 1;
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
	ipv4_hdr = (ipha_t *)p;
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

translator tcplsinfo_t < int s > {
	tcps_state = s;
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
	udps_lport = p == NULL ? 0 : ntohs(p->inp_inc.inc_ie.ie_lport);
	udps_rport = p == NULL ? 0 : ntohs(p->inp_inc.inc_ie.ie_fport);
	udps_laddr = p == NULL ? "<unknown>" :
	    p->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->inp_inc.inc_ie.ie_dependladdr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->inp_inc.inc_ie.ie_dependladdr.id6_addr);
	udps_raddr = p == NULL ? "<unknown>" :
	    p->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->inp_inc.inc_ie.ie_dependfaddr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->inp_inc.inc_ie.ie_dependfaddr.id6_addr);
};

translator udpliteinfo_t < struct udphdr *p > {
	udplite_sport = p == NULL ? 0 : ntohs(p->uh_sport);
	udplite_dport = p == NULL ? 0 : ntohs(p->uh_dport);
	udplite_coverage = p == NULL ? 0 : ntohs(p->uh_ulen);
	udplite_checksum = p == NULL ? 0 : ntohs(p->uh_sum);
	udplite_hdr = (struct udplitehdr *)p;
};

translator udplitesinfo_t < struct inpcb *p > {
	udplites_addr = (uintptr_t)p;
	udplites_lport = p == NULL ? 0 : ntohs(p->inp_inc.inc_ie.ie_lport);
	udplites_rport = p == NULL ? 0 : ntohs(p->inp_inc.inc_ie.ie_fport);
	udplites_laddr = p == NULL ? "<unknown>" :
	    p->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->inp_inc.inc_ie.ie_dependladdr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->inp_inc.inc_ie.ie_dependladdr.id6_addr);
	udplites_raddr = p == NULL ? "<unknown>" :
	    p->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->inp_inc.inc_ie.ie_dependfaddr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->inp_inc.inc_ie.ie_dependfaddr.id6_addr);
};
