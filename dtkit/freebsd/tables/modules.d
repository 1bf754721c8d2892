/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the D library gives of SCTP, of siftr(4), of ipfw(4) and of mbufs, where the module is
 * loaded: dtrace_sctp(4), dtrace_tcp(4).
 */

typedef struct sctpsinfo {
	uintptr_t sctps_addr;
	int sctps_num_raddrs;
	uintptr_t sctps_raddrs;
	int sctps_num_laddrs;
	uintptr_t sctps_laddrs;
	uint16_t sctps_lport;
	uint16_t sctps_rport;
	string sctps_laddr;
	string sctps_raddr;
	int32_t sctps_state;
} sctpsinfo_t;

typedef struct sctplsinfo {
	int32_t sctps_state;
} sctplsinfo_t;

typedef struct sctpinfo {
	uint16_t sctp_sport;
	uint16_t sctp_dport;
	uint32_t sctp_verify;
	uint32_t sctp_checksum;
	struct sctphdr *sctp_hdr;
} sctpinfo_t;

typedef struct siftrinfo {
	struct timeval tval;
	uint8_t direction;
	uint8_t ipver;
	uint16_t lport;
	uint16_t rport;
	string laddr;
	string raddr;
	uint32_t snd_cwnd;
	uint32_t snd_wnd;
	uint32_t rcv_wnd;
	uint32_t t_flags2;
	uint32_t snd_ssthresh;
	int conn_state;
	uint32_t mss;
	uint32_t srtt;
	u_char sack_enabled;
	u_char snd_scale;
	u_char rcv_scale;
	u_int t_flags;
	uint32_t rto;
	u_int snd_buf_hiwater;
	u_int snd_buf_cc;
	u_int rcv_buf_hiwater;
	u_int rcv_buf_cc;
	u_int sent_inflight_bytes;
	int t_segqlen;
	u_int flowid;
	u_int flowtype;
} siftrinfo_t;

typedef struct ipfw_match_info {
	uint32_t flags;
	struct mbuf *m;
	void *mem;
	struct inpcb *inp;
	struct ifnet *ifp;
	struct ip *ipp;
	struct ip6_hdr *ip6p;
	uint8_t addr_type;
	uint8_t proto;
	uint8_t proto_flags;
	uint16_t fib;
	in_addr_t dst_ip;
	in_addr_t src_ip;
	struct in6_addr dst_ip6;
	struct in6_addr src_ip6;
	uint16_t dst_port;
	uint16_t src_port;
	uint32_t flowid;
	uint32_t extra;
	uint32_t slot;
	uint32_t rulenum;
	uint32_t rule_id;
	uint32_t chain_id;
	uint32_t match_info;
} ipfw_match_info_t;

typedef struct ipfw_rule_info {
	uint16_t act_ofs;
	uint16_t cmd_len;
	uint32_t rulenum;
	uint8_t flags;
	uint8_t set;
	uint32_t rule_id;
	uint32_t cached_id;
	uint32_t cached_pos;
	uint32_t refcnt;
} ipfw_rule_info_t;

typedef struct mbufinfo {
	uintptr_t mbuf_addr;
	caddr_t m_data;
	int32_t m_len;
	uint8_t m_type;
	uint32_t m_flags;
} mbufinfo_t;

translator csinfo_t < struct sctp_tcb *p > {
	cs_addr = NULL;
	cs_cid = (uint64_t)p;
	cs_pid = 0;
	cs_zoneid = 0;
};

translator sctpsinfo_t < struct sctp_tcb *p > {
	sctps_addr = (uintptr_t)p;
	sctps_num_raddrs = p == NULL ? -1 : p->asoc.numnets;
	sctps_raddrs = p == NULL ? NULL : (uintptr_t)p->asoc.nets.tqh_first;
	sctps_num_laddrs = p == NULL || p->sctp_ep == NULL ? -1 : p->sctp_ep->laddr_count;
	sctps_laddrs = p == NULL || p->sctp_ep == NULL ? NULL :
	    (uintptr_t)p->sctp_ep->sctp_addr_list.lh_first;
	sctps_lport = p == NULL || p->sctp_ep == NULL ? 0 :
	    ntohs(p->sctp_ep->ip_inp.inp.inp_inc.inc_ie.ie_lport);
	sctps_rport = p == NULL ? 0 : ntohs(p->rport);
	sctps_laddr = p == NULL || p->asoc.primary_destination == NULL ||
	    p->asoc.primary_destination->ro._s_addr == NULL ? "<unknown>" :
	    p->asoc.primary_destination->ro._s_addr->address.sa.sa_family == AF_INET ?
	    inet_ntoa(&p->asoc.primary_destination->ro._s_addr->address.sin.sin_addr.s_addr) :
	    p->asoc.primary_destination->ro._s_addr->address.sa.sa_family == AF_INET6 ?
	    inet_ntoa6(&p->asoc.primary_destination->ro._s_addr->address.sin6.sin6_addr) :
	    "<unknown>";
	sctps_raddr = p == NULL || p->asoc.primary_destination == NULL ? "<unknown>" :
	    p->asoc.primary_destination->ro._l_addr.sa.sa_family == AF_INET ?
	    inet_ntoa(&p->asoc.primary_destination->ro._l_addr.sin.sin_addr.s_addr) :
	    p->asoc.primary_destination->ro._l_addr.sa.sa_family == AF_INET6 ?
	    inet_ntoa6(&p->asoc.primary_destination->ro._l_addr.sin6.sin6_addr) :
	    "<unknown>";
	sctps_state = p == NULL ? SCTP_STATE_CLOSED : p->asoc.state;
};

translator sctpinfo_t < struct sctphdr *p > {
	sctp_sport = p == NULL ? 0 : ntohs(p->src_port);
	sctp_dport = p == NULL ? 0 : ntohs(p->dest_port);
	sctp_verify = p == NULL ? 0 : ntohl(p->v_tag);
	sctp_checksum = p == NULL ? 0 : ntohl(p->checksum);
	sctp_hdr = p;
};

translator sctplsinfo_t < int state > {
	sctps_state = state;
};

/* It says nothing of tval. */
translator siftrinfo_t < struct pkt_node *p > {
	direction = p == NULL ? 0 : p->direction;
	ipver = p == NULL ? 0 : p->ipver;
	lport = p == NULL ? 0 : ntohs(p->lport);
	rport = p == NULL ? 0 : ntohs(p->fport);
	laddr = p == NULL ? "<unknown>" : p->ipver == INP_IPV4 ?
	    inet_ntoa(&p->laddr.id46_addr.ia46_addr4.s_addr) : inet_ntoa6(&p->laddr.id6_addr);
	raddr = p == NULL ? "<unknown>" : p->ipver == INP_IPV4 ?
	    inet_ntoa(&p->faddr.id46_addr.ia46_addr4.s_addr) : inet_ntoa6(&p->faddr.id6_addr);
	snd_cwnd = p == NULL ? 0 : p->snd_cwnd;
	snd_wnd = p == NULL ? 0 : p->snd_wnd;
	rcv_wnd = p == NULL ? 0 : p->rcv_wnd;
	t_flags2 = p == NULL ? 0 : p->t_flags2;
	snd_ssthresh = p == NULL ? 0 : p->snd_ssthresh;
	conn_state = p == NULL ? 0 : p->conn_state;
	mss = p == NULL ? 0 : p->mss;
	srtt = p == NULL ? 0 : p->srtt;
	sack_enabled = p == NULL ? 0 : p->sack_enabled;
	snd_scale = p == NULL ? 0 : p->snd_scale;
	rcv_scale = p == NULL ? 0 : p->rcv_scale;
	t_flags = p == NULL ? 0 : p->t_flags;
	rto = p == NULL ? 0 : p->rto;
	snd_buf_hiwater = p == NULL ? 0 : p->snd_buf_hiwater;
	snd_buf_cc = p == NULL ? 0 : p->snd_buf_cc;
	rcv_buf_hiwater = p == NULL ? 0 : p->rcv_buf_hiwater;
	rcv_buf_cc = p == NULL ? 0 : p->rcv_buf_cc;
	sent_inflight_bytes = p == NULL ? 0 : p->sent_inflight_bytes;
	t_segqlen = p == NULL ? 0 : p->t_segqlen;
	flowid = p == NULL ? 0 : p->flowid;
	flowtype = p == NULL ? 0 : p->flowtype;
};

translator ipfw_match_info_t < struct ip_fw_args *p > {
	flags = p->flags;
	m = (p->flags & IPFW_ARGS_LENMASK) ? NULL : p->m;
	mem = (p->flags & IPFW_ARGS_LENMASK) ? p->mem : NULL;
	inp = p->inp;
	ifp = p->ifp;
	ipp = !(p->flags & IPFW_ARGS_IP4) ? NULL :
	    (p->flags & IPFW_ARGS_LENMASK) ? (struct ip *)p->mem :
	    p->m != NULL ? (struct ip *)p->m->m_data : NULL;
	ip6p = !(p->flags & IPFW_ARGS_IP6) ? NULL :
	    (p->flags & IPFW_ARGS_LENMASK) ? (struct ip6_hdr *)p->mem :
	    p->m != NULL ? (struct ip6_hdr *)p->m->m_data : NULL;
	addr_type = p->f_id.addr_type;
	proto = p->f_id.proto;
	proto_flags = p->f_id._flags;
	fib = p->m != NULL ? p->m->m_pkthdr.fibnum : p->f_id.fib;
	dst_ip = htonl(p->f_id.dst_ip);
	src_ip = htonl(p->f_id.src_ip);
	dst_ip6 = p->f_id.dst_ip6;
	src_ip6 = p->f_id.src_ip6;
	dst_port = p->f_id.dst_port;
	src_port = p->f_id.src_port;
	flowid = p->f_id.flow_id6;
	extra = p->f_id.extra;
	slot = (p->flags & IPFW_ARGS_REF) ? p->rule.slot : 0;
	rulenum = (p->flags & IPFW_ARGS_REF) ? p->rule.rulenum : 0;
	rule_id = (p->flags & IPFW_ARGS_REF) ? p->rule.rule_id : 0;
	chain_id = (p->flags & IPFW_ARGS_REF) ? p->rule.chain_id : 0;
	match_info = (p->flags & IPFW_ARGS_REF) ? p->rule.info : 0;
};

translator ipfw_rule_info_t < struct ip_fw *p > {
	act_ofs = p->act_ofs;
	cmd_len = p->cmd_len;
	rulenum = p->rulenum;
	flags = p->flags;
	set = p->set;
	rule_id = p->id;
	cached_id = p->cache.id;
	cached_pos = p->cache.pos;
	refcnt = p->refcnt;
};

/* Both parts of what m_type and m_flags share are taken from m_type there. */
translator mbufinfo_t < struct mbuf *p > {
	mbuf_addr = (uintptr_t)p;
	m_data = p->m_data;
	m_len = p->m_len;
	m_type = p->m_type & 0xff000000;
	m_flags = p->m_type & 0x00ffffff;
};
