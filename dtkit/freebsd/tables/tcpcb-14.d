/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * net/if.h; netinet/tcp_var.h, what D looks at of a connection, at offsets of its own: its end is
 * a part of it.
 */

typedef struct ifnet *if_t;

struct tcpcb {
	struct inpcb t_inpcb;
	int t_state;
	u_int t_maxseg;
	tcp_seq snd_una;
	tcp_seq snd_max;
	tcp_seq snd_nxt;
	tcp_seq snd_up;
	uint32_t snd_wnd;
	uint32_t snd_cwnd;
	uint32_t snd_ssthresh;
	tcp_seq snd_wl1;
	tcp_seq snd_wl2;
	tcp_seq snd_recover;
	tcp_seq snd_fack;
	uint8_t snd_scale;
	uint8_t rcv_scale;
	tcp_seq rcv_nxt;
	tcp_seq rcv_adv;
	uint32_t rcv_wnd;
	tcp_seq rcv_up;
	tcp_seq last_ack_sent;
	tcp_seq iss;
	tcp_seq irs;
	uint32_t ts_recent;
	int t_rxtcur;
	int t_rxtshift;
	int t_rtttime;
	tcp_seq t_rtseq;
	int t_srtt;
	int t_dupacks;
};
