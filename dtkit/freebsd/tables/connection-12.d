/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the tcp provider passes of a connection, whose end is behind a pointer.
 */

translator csinfo_t < struct tcpcb *p > {
	cs_addr = NULL;
	cs_cid = (uint64_t)(p == NULL ? 0 : p->t_inpcb);
	cs_pid = 0;
	cs_zoneid = 0;
};

translator tcpsinfo_t < struct tcpcb *p > {
	tcps_addr = (uintptr_t)p;
	tcps_local = -1;
	tcps_active = -1;
	tcps_lport = p == NULL ? 0 : ntohs(p->t_inpcb->inp_inc.inc_ie.ie_lport);
	tcps_rport = p == NULL ? 0 : ntohs(p->t_inpcb->inp_inc.inc_ie.ie_fport);
	tcps_laddr = p == NULL ? "<unknown>" :
	    p->t_inpcb->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->t_inpcb->inp_inc.inc_ie.ie_dependladdr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->t_inpcb->inp_inc.inc_ie.ie_dependladdr.id6_addr);
	tcps_raddr = p == NULL ? "<unknown>" :
	    p->t_inpcb->inp_vflag == INP_IPV4 ?
	    inet_ntoa(&p->t_inpcb->inp_inc.inc_ie.ie_dependfaddr.id46_addr.ia46_addr4.s_addr) :
	    inet_ntoa6(&p->t_inpcb->inp_inc.inc_ie.ie_dependfaddr.id6_addr);
	tcps_state = p == NULL ? -1 : p->t_state;
	tcps_iss = p == NULL ? 0 : p->iss;
	tcps_irs = p == NULL ? 0 : p->irs;
	tcps_suna = p == NULL ? 0 : p->snd_una;
	tcps_smax = p == NULL ? 0 : p->snd_max;
	tcps_snxt = p == NULL ? 0 : p->snd_nxt;
	tcps_rack = p == NULL ? 0 : p->last_ack_sent;
	tcps_rnxt = p == NULL ? 0 : p->rcv_nxt;
	tcps_swnd = p == NULL ? -1 : p->snd_wnd;
	tcps_snd_ws = p == NULL ? -1 : p->snd_scale;
	tcps_swl1 = p == NULL ? -1 : p->snd_wl1;
	tcps_swl2 = p == NULL ? -1 : p->snd_wl2;
	tcps_radv = p == NULL ? -1 : p->rcv_adv;
	tcps_rwnd = p == NULL ? -1 : p->rcv_wnd;
	tcps_rup = p == NULL ? -1 : p->rcv_up;
	tcps_rcv_ws = p == NULL ? -1 : p->rcv_scale;
	tcps_cwnd = p == NULL ? -1 : p->snd_cwnd;
	tcps_cwnd_ssthresh = p == NULL ? -1 : p->snd_ssthresh;
	tcps_srecover = p == NULL ? -1 : p->snd_recover;
	tcps_sack_fack = p == NULL ? 0 : p->snd_fack;
	tcps_sack_snxt = p == NULL ? 0 : p->snd_recover;
	tcps_mss = p == NULL ? -1 : p->t_maxseg;
	tcps_srtt = p == NULL ? -1 : p->t_srtt;
	tcps_dupacks = p == NULL ? -1 : p->t_dupacks;
	tcps_rtttime = p == NULL ? -1 : p->t_rtttime;
	tcps_rtseq = p == NULL ? -1 : p->t_rtseq;
	tcps_ts_recent = p == NULL ? -1 : p->ts_recent;
	tcps_rto = p == NULL ? -1 : p->t_rxtcur * 1000 / `hz;
	tcps_retransmit = p == NULL ? -1 : p->t_rxtshift > 0 ? 1 : 0;
	tcps_debug = p == NULL ? 0 : p->t_inpcb->inp_socket->so_options & 1;
	tcps_cookie = p == NULL ? -1 : p->t_inpcb->inp_socket->so_user_cookie;
};
