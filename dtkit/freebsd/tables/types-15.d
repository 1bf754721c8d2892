/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of the kernel of FreeBSD 15.1 amd64 that programs look at, at the places where they are
 * there, by the kernel's own type data: struct mbuf, ifnet, tcpcb, inpcb, socket, proc, thread,
 * prison, vnet, buf, bio, vnode, protocol headers, and what these hold.
 */

typedef char *caddr_t;
typedef int __int32_t;
typedef unsigned short __uint16_t;
struct packet_tags {
	struct m_tag *slh_first;
};
typedef unsigned int __uint32_t;
typedef unsigned char __uint8_t;
typedef unsigned long __uint64_t;
typedef __uint64_t __uintptr_t;
typedef unsigned int u_int;
struct pkthdr {
	union {
		struct m_snd_tag *snd_tag;
		struct ifnet *rcvif;
		struct {
			uint16_t rcvidx;
			uint16_t rcvgen;
		};
	};
	union {
		struct ifnet *leaf_rcvif;
		struct {
			uint16_t leaf_rcvidx;
			uint16_t leaf_rcvgen;
		};
	};
	struct packet_tags tags;
	int32_t len;
	uint32_t flowid;
	uint32_t csum_flags;
	uint16_t fibnum;
	uint8_t numa_domain;
	uint8_t rsstype;
	union {
		uint64_t rcv_tstmp;
		struct {
			uint8_t l2hlen;
			uint8_t l3hlen;
			uint8_t l4hlen;
			uint8_t l5hlen;
			uint8_t inner_l2hlen;
			uint8_t inner_l3hlen;
			uint8_t inner_l4hlen;
			uint8_t inner_l5hlen;
		};
	};
	union {
		uint8_t eight[8];
		uint16_t sixteen[4];
		uint32_t thirtytwo[2];
		uint64_t sixtyfour[1];
		uintptr_t unintptr[1];
		void *ptr;
	} PH_per;
	union {
		union {
			uint8_t eight[8];
			uint16_t sixteen[4];
			uint32_t thirtytwo[2];
			uint64_t sixtyfour[1];
			uintptr_t unintptr[1];
			void *ptr;
		} PH_loc;
		u_int memlen;
	};
};
typedef __uint64_t __vm_paddr_t;
typedef __vm_paddr_t vm_paddr_t;
typedef void m_ext_free_t(struct mbuf *);
struct m_ext {
	union {
		u_int ext_count;
		u_int *ext_cnt;
	};
	uint32_t ext_size;
	unsigned int ext_type : 8;
	unsigned int ext_flags : 24;
	union {
		struct {
			char *ext_buf;
			void *ext_arg2;
		};
		struct {
			vm_paddr_t extpg_pa[5];
			char extpg_trail[64];
			char extpg_hdr[23];
		};
	};
	m_ext_free_t *ext_free;
	void *ext_arg1;
};
struct mbuf {
	union {
		struct mbuf *m_next;
		struct {
			struct mbuf *sle_next;
		} m_slist;
		struct {
			struct mbuf *stqe_next;
		} m_stailq;
	};
	union {
		struct mbuf *m_nextpkt;
		struct {
			struct mbuf *sle_next;
		} m_slistpkt;
		struct {
			struct mbuf *stqe_next;
		} m_stailqpkt;
	};
	caddr_t m_data;
	int32_t m_len;
	unsigned int m_type : 8;
	unsigned int m_flags : 24;
	union {
		struct {
			union {
				struct pkthdr m_pkthdr;
				struct {
					uint8_t m_epg_npgs;
					uint8_t m_epg_nrdy;
					uint8_t m_epg_hdrlen;
					uint8_t m_epg_trllen;
					uint16_t m_epg_1st_off;
					uint16_t m_epg_last_len;
					uint8_t m_epg_flags;
					uint8_t m_epg_record_type;
					uint8_t __spare[2];
					int m_epg_enc_cnt;
					struct ktls_session *m_epg_tls;
					struct socket *m_epg_so;
					uint64_t m_epg_seqno;
					struct {
						struct mbuf *stqe_next;
					} m_epg_stailq;
				};
			};
			union {
				struct m_ext m_ext;
				char m_pktdat[0];
			};
		};
		char m_dat[0];
	};
};
typedef unsigned char u_char;
typedef unsigned short u_short;
typedef __uint64_t __size_t;
typedef long __int64_t;
typedef __int64_t __time_t;
typedef __time_t time_t;
typedef long __suseconds_t;
typedef __suseconds_t suseconds_t;
struct timeval {
	time_t tv_sec;
	suseconds_t tv_usec;
};
struct lock_object {
	const char *lo_name;
	unsigned int lo_flags;
	unsigned int lo_data;
	struct witness *lo_witness;
};
struct mtx {
	struct lock_object lock_object;
	__uintptr_t mtx_lock;
};
struct ifaltq {
	struct mbuf *ifq_head;
	struct mbuf *ifq_tail;
	int ifq_len;
	int ifq_maxlen;
	struct mtx ifq_mtx;
	struct mbuf *ifq_drv_head;
	struct mbuf *ifq_drv_tail;
	int ifq_drv_len;
	int ifq_drv_maxlen;
	int altq_type;
	int altq_flags;
	void *altq_disc;
	struct ifnet *altq_ifp;
	int (*altq_enqueue)(struct ifaltq *, struct mbuf *, struct altq_pktattr *);
	struct mbuf *(*altq_dequeue)(struct ifaltq *, int);
	int (*altq_request)(struct ifaltq *, int, void *);
	struct tb_regulator *altq_tbr;
	struct top_cdnr *altq_cdnr;
};
typedef void task_fn_t(void *, int);
struct task {
	struct {
		struct task *stqe_next;
	} ta_link;
	uint16_t ta_pending;
	uint8_t ta_priority;
	uint8_t ta_flags;
	task_fn_t *ta_func;
	void *ta_context;
};
struct ifaddrhead {
	struct ifaddr *cstqh_first;
	struct ifaddr **cstqh_last;
};
struct ifmultihead {
	struct ifmultiaddr *cstqh_first;
	struct ifmultiaddr **cstqh_last;
};
typedef __uint8_t u_int8_t;
typedef struct ifnet *if_t;
typedef int (*if_output_fn_t)(if_t, struct mbuf *, const struct sockaddr *, struct route *);
typedef void (*if_input_fn_t)(if_t, struct mbuf *);
typedef void (*if_start_fn_t)(if_t);
typedef unsigned long u_long;
typedef int (*if_ioctl_fn_t)(if_t, u_long, caddr_t);
typedef void (*if_init_fn_t)(void *);
typedef void (*if_qflush_fn_t)(if_t);
typedef int (*if_transmit_fn_t)(if_t, struct mbuf *);
typedef void (*if_reassign_fn_t)(if_t, struct vnet *, char *);
typedef enum {
	IFCOUNTER_IPACKETS = 0,
	IFCOUNTER_IERRORS = 1,
	IFCOUNTER_OPACKETS = 2,
	IFCOUNTER_OERRORS = 3,
	IFCOUNTER_COLLISIONS = 4,
	IFCOUNTER_IBYTES = 5,
	IFCOUNTER_OBYTES = 6,
	IFCOUNTER_IMCASTS = 7,
	IFCOUNTER_OMCASTS = 8,
	IFCOUNTER_IQDROPS = 9,
	IFCOUNTER_OQDROPS = 10,
	IFCOUNTER_NOPROTO = 11,
	IFCOUNTERS = 12
} ift_counter;
typedef uint64_t (*if_get_counter_t)(if_t, ift_counter);
typedef uint64_t *counter_u64_t;
struct epoch_context {
	void *data[2];
};
typedef int if_snd_tag_alloc_t(if_t, union if_snd_tag_alloc_params *, struct m_snd_tag **);
typedef void if_ratelimit_query_t(if_t, struct if_ratelimit_query_results *);
typedef int if_ratelimit_setup_t(if_t, uint64_t, uint32_t);
struct ifnet {
	struct {
		struct ifnet *cstqe_next;
	} if_link;
	struct {
		struct ifnet *le_next;
		struct ifnet **le_prev;
	} if_clones;
	struct {
		struct ifg_list *cstqh_first;
		struct ifg_list **cstqh_last;
	} if_groups;
	u_char if_alloctype;
	uint8_t if_numa_domain;
	void *if_softc;
	void *if_llsoftc;
	void *if_l2com;
	const char *if_dname;
	int if_dunit;
	u_short if_index;
	u_short if_idxgen;
	char if_xname[16];
	char *if_description;
	int if_flags;
	int if_drv_flags;
	int if_capabilities;
	int if_capabilities2;
	int if_capenable;
	int if_capenable2;
	void *if_linkmib;
	size_t if_linkmiblen;
	u_int if_refcount;
	uint8_t if_type;
	uint8_t if_addrlen;
	uint8_t if_hdrlen;
	uint8_t if_link_state;
	uint32_t if_mtu;
	uint32_t if_metric;
	uint64_t if_baudrate;
	uint64_t if_hwassist;
	time_t if_epoch;
	struct timeval if_lastchange;
	struct ifaltq if_snd;
	struct task if_linktask;
	struct task if_addmultitask;
	struct mtx if_addr_lock;
	struct ifaddrhead if_addrhead;
	struct ifmultihead if_multiaddrs;
	int if_amcount;
	struct ifaddr *if_addr;
	void *if_hw_addr;
	const u_int8_t *if_broadcastaddr;
	struct mtx if_afdata_lock;
	void *if_afdata[46];
	int if_afdata_initialized;
	u_int if_fib;
	struct vnet *if_vnet;
	struct vnet *if_home_vnet;
	struct ifvlantrunk *if_vlantrunk;
	struct bpf_if *if_bpf;
	int if_pcount;
	void *if_bridge;
	void *if_lagg;
	void *if_pf_kif;
	struct carp_if *if_carp;
	struct label *if_label;
	struct netmap_adapter *if_netmap;
	if_output_fn_t if_output;
	if_input_fn_t if_input;
	struct mbuf *(*if_bridge_input)(struct ifnet *, struct mbuf *);
	int (*if_bridge_output)(struct ifnet *, struct mbuf *, struct sockaddr *, struct rtentry *);
	void (*if_bridge_linkstate)(struct ifnet *);
	if_start_fn_t if_start;
	if_ioctl_fn_t if_ioctl;
	if_init_fn_t if_init;
	int (*if_resolvemulti)(struct ifnet *, struct sockaddr **, struct sockaddr *);
	if_qflush_fn_t if_qflush;
	if_transmit_fn_t if_transmit;
	if_reassign_fn_t if_reassign;
	if_get_counter_t if_get_counter;
	int (*if_requestencap)(struct ifnet *, struct if_encap_req *);
	const struct if_ipsec_accel_methods *if_ipsec_accel_m;
	counter_u64_t if_counters[12];
	u_int if_hw_tsomax;
	u_int if_hw_tsomaxsegcount;
	u_int if_hw_tsomaxsegsize;
	if_snd_tag_alloc_t *if_snd_tag_alloc;
	if_ratelimit_query_t *if_ratelimit_query;
	if_ratelimit_setup_t *if_ratelimit_setup;
	uint8_t if_pcp;
	struct debugnet_methods *if_debugnet_methods;
	struct epoch_context if_epoch_ctx;
	int if_ispare[4];
};
struct rwlock {
	struct lock_object lock_object;
	__uintptr_t rw_lock;
};
typedef __uint32_t u_int32_t;
typedef uint32_t smr_seq_t;
typedef __uint16_t u_int16_t;
typedef __uint32_t in_addr_t;
struct in_addr {
	in_addr_t s_addr;
};
struct in_addr_4in6 {
	u_int32_t ia46_pad32[3];
	struct in_addr ia46_addr4;
};
struct in6_addr {
	union {
		uint8_t __u6_addr8[16];
		uint16_t __u6_addr16[8];
		uint32_t __u6_addr32[4];
	} __u6_addr;
};
union in_dependaddr {
	struct in_addr_4in6 id46_addr;
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
typedef uint64_t inp_gen_t;
typedef u_int rt_gen_t;
typedef __uint8_t __sa_family_t;
typedef __sa_family_t sa_family_t;
struct sockaddr {
	unsigned char sa_len;
	sa_family_t sa_family;
	char sa_data[14];
};
struct route {
	struct nhop_object *ro_nh;
	struct llentry *ro_lle;
	char *ro_prepend;
	uint16_t ro_plen;
	uint16_t ro_flags;
	uint16_t ro_mtu;
	uint16_t spare;
	struct sockaddr ro_dst;
};
typedef __uint16_t in_port_t;
struct sockaddr_in6 {
	uint8_t sin6_len;
	sa_family_t sin6_family;
	in_port_t sin6_port;
	uint32_t sin6_flowinfo;
	struct in6_addr sin6_addr;
	uint32_t sin6_scope_id;
};
struct route_in6 {
	struct nhop_object *ro_nh;
	struct llentry *ro_lle;
	char *ro_prepend;
	uint16_t ro_plen;
	uint16_t ro_flags;
	uint16_t ro_mtu;
	uint16_t spare;
	struct sockaddr_in6 ro_dst;
};
struct inpcb {
	union {
		struct {
			struct inpcb *cle_next;
			struct inpcb **cle_prev;
		} inp_hash_exact;
		struct {
			struct inpcb *le_next;
			struct inpcb **le_prev;
		} inp_lbgroup_list;
	};
	struct {
		struct inpcb *cle_next;
		struct inpcb **cle_prev;
	} inp_hash_wild;
	struct rwlock inp_lock;
	u_int inp_refcount;
	int inp_flags;
	int inp_flags2;
	uint8_t inp_numa_domain;
	struct socket *inp_socket;
	struct inpcbinfo *inp_pcbinfo;
	struct ucred *inp_cred;
	u_int32_t inp_flow;
	u_char inp_vflag;
	u_char inp_ip_ttl;
	u_char inp_ip_p;
	u_char inp_ip_minttl;
	uint32_t inp_flowid;
	smr_seq_t inp_smr;
	struct m_snd_tag *inp_snd_tag;
	uint32_t inp_flowtype;
	struct in_conninfo inp_inc;
	struct label *inp_label;
	struct inpcbpolicy *inp_sp;
	struct {
		u_char inp_ip_tos;
		struct mbuf *inp_options;
		struct ip_moptions *inp_moptions;
	};
	struct {
		struct mbuf *in6p_options;
		struct ip6_pktopts *in6p_outputopts;
		struct ip6_moptions *in6p_moptions;
		struct icmp6_filter *in6p_icmp6filt;
		int in6p_cksum;
		short in6p_hops;
	};
	struct {
		struct inpcb *cle_next;
		struct inpcb **cle_prev;
	} inp_portlist;
	inp_gen_t inp_gencnt;
	void *spare_ptr;
	rt_gen_t inp_rt_cookie;
	union {
		struct route inp_route;
		struct route_in6 inp_route6;
	};
	struct {
		struct inpcb *cle_next;
		struct inpcb **cle_prev;
	} inp_list;
};
typedef __int64_t __sbintime_t;
typedef void callout_func_t(void *);
struct callout {
	union {
		struct {
			struct callout *le_next;
			struct callout **le_prev;
		} le;
		struct {
			struct callout *sle_next;
		} sle;
		struct {
			struct callout *tqe_next;
			struct callout **tqe_prev;
		} tqe;
	} c_links;
	__sbintime_t c_time;
	__sbintime_t c_precision;
	void *c_arg;
	callout_func_t *c_func;
	struct lock_object *c_lock;
	short c_flags;
	short c_iflags;
	int c_cpu;
};
typedef __sbintime_t sbintime_t;
typedef u_int32_t tcp_seq;
struct tsegqe_head {
	struct tseg_qent *tqh_first;
	struct tseg_qent **tqh_last;
};
struct sackhole_head {
	struct sackhole *tqh_first;
	struct sackhole **tqh_last;
};
struct sackblk {
	tcp_seq start;
	tcp_seq end;
};
struct sackhint {
	struct sackhole *nexthole;
	int32_t sack_bytes_rexmit;
	tcp_seq last_sack_ack;
	int32_t delivered_data;
	int32_t sacked_bytes;
	uint32_t recover_fs;
	uint32_t prr_delivered;
	uint32_t prr_out;
	int32_t hole_bytes;
	int32_t lost_bytes;
};
struct cc_var {
	void *cc_data;
	int bytes_this_ack;
	tcp_seq curack;
	uint32_t flags;
	struct tcpcb *tp;
	uint16_t nsegs;
	uint8_t labc;
};
struct tcp_log_stailq {
	struct tcp_log_mem *stqh_first;
	struct tcp_log_mem **stqh_last;
};
struct osd {
	u_int osd_nslots;
	void **osd_slots;
	struct {
		struct osd *le_next;
		struct osd **le_prev;
	} osd_next;
};
struct tcpcb {
	struct inpcb t_inpcb;
	struct tcp_function_block *t_fb;
	void *t_fb_ptr;
	struct callout t_callout;
	sbintime_t t_timers[5];
	sbintime_t t_precisions[5];
	struct {
		struct tcpcb *tqe_next;
		struct tcpcb **tqe_prev;
	} t_hpts;
	struct {
		struct mbuf *stqh_first;
		struct mbuf **stqh_last;
	} t_inqueue;
	uint32_t t_hpts_request;
	uint32_t t_hpts_slot;
	uint32_t t_hpts_drop_reas;
	uint32_t t_hpts_gencnt;
	uint16_t t_hpts_cpu;
	uint16_t t_lro_cpu;
	enum {
		IHPTS_NONE = 0,
		IHPTS_ONQUEUE = 1,
		IHPTS_MOVING = 2
	} t_in_hpts;
	unsigned int t_maxseg : 24;
	unsigned int _t_logstate : 8;
	unsigned int t_port : 16;
	unsigned int t_state : 4;
	unsigned int t_idle_reduce : 1;
	unsigned int t_delayed_ack : 7;
	unsigned int t_fin_is_rst : 1;
	unsigned int t_log_state_set : 1;
	unsigned int bits_spare : 2;
	u_int t_flags;
	tcp_seq snd_una;
	tcp_seq snd_max;
	tcp_seq snd_nxt;
	tcp_seq snd_up;
	uint32_t snd_wnd;
	uint32_t snd_cwnd;
	uint32_t ts_offset;
	uint32_t rfbuf_ts;
	int rcv_numsacks;
	u_int t_tsomax;
	u_int t_tsomaxsegcount;
	u_int t_tsomaxsegsize;
	tcp_seq rcv_nxt;
	tcp_seq rcv_adv;
	uint32_t rcv_wnd;
	u_int t_flags2;
	int t_srtt;
	int t_rttvar;
	uint32_t ts_recent;
	u_char snd_scale;
	u_char rcv_scale;
	u_char snd_limited;
	u_char request_r_scale;
	tcp_seq last_ack_sent;
	u_int t_rcvtime;
	tcp_seq rcv_up;
	int t_segqlen;
	uint32_t t_segqmbuflen;
	struct tsegqe_head t_segq;
	uint32_t snd_ssthresh;
	tcp_seq snd_wl1;
	tcp_seq snd_wl2;
	tcp_seq irs;
	tcp_seq iss;
	u_int t_acktime;
	u_int t_sndtime;
	u_int ts_recent_age;
	tcp_seq snd_recover;
	char t_oobflags;
	char t_iobc;
	unsigned char t_nic_ktls_xmit : 1;
	unsigned char t_nic_ktls_xmit_dis : 1;
	unsigned char t_nic_ktls_spare : 6;
	int t_rxtcur;
	int t_rxtshift;
	u_int t_rtttime;
	tcp_seq t_rtseq;
	u_int t_starttime;
	u_int t_fbyte_in;
	u_int t_fbyte_out;
	u_int t_pmtud_saved_maxseg;
	int t_blackhole_enter;
	int t_blackhole_exit;
	u_int t_rttmin;
	int t_softerror;
	uint32_t max_sndwnd;
	uint32_t snd_cwnd_prev;
	uint32_t snd_ssthresh_prev;
	tcp_seq snd_recover_prev;
	int t_sndzerowin;
	int snd_numholes;
	u_int t_badrxtwin;
	struct sackhole_head snd_holes;
	tcp_seq snd_fack;
	struct sackblk sackblks[6];
	struct sackhint sackhint;
	int t_rttlow;
	int rfbuf_cnt;
	struct toedev *tod;
	int t_sndrexmitpack;
	int t_rcvoopack;
	void *t_toe;
	struct cc_algo *t_cc;
	struct cc_var t_ccv;
	int t_bytes_acked;
	u_int t_maxunacktime;
	u_int t_keepinit;
	u_int t_keepidle;
	u_int t_keepintvl;
	u_int t_keepcnt;
	int t_dupacks;
	int t_lognum;
	int t_loglimit;
	uint32_t t_rcep;
	uint32_t t_scep;
	int64_t t_pacing_rate;
	struct tcp_log_stailq t_logs;
	struct tcp_log_id_node *t_lin;
	struct tcp_log_id_bucket *t_lib;
	const char *t_output_caller;
	struct statsblob *t_stats;
	uint32_t t_logsn;
	uint32_t gput_ts;
	tcp_seq gput_seq;
	tcp_seq gput_ack;
	int32_t t_stats_gput_prev;
	uint32_t t_sndtlppack;
	uint64_t t_sndtlpbyte;
	uint64_t t_sndbytes;
	uint64_t t_snd_rxt_bytes;
	uint32_t t_dsack_bytes;
	uint32_t t_dsack_tlp_bytes;
	uint32_t t_dsack_pack;
	uint8_t t_tmr_granularity;
	uint8_t t_rttupdated;
	uint8_t t_tfo_client_cookie_len;
	uint32_t t_end_info_status;
	sbintime_t t_challenge_ack_end;
	uint32_t t_challenge_ack_cnt;
	unsigned int *t_tfo_pending;
	union {
		uint8_t client[16];
		uint64_t server;
	} t_tfo_cookie;
	union {
		uint8_t t_end_info_bytes[8];
		uint64_t t_end_info;
	};
	struct osd t_osd;
	uint8_t _t_logpoint;
};
struct selfdlist {
	struct selfd *tqh_first;
	struct selfd **tqh_last;
};
struct klist {
	struct knote *slh_first;
};
struct knlist {
	struct klist kl_list;
	void (*kl_lock)(void *);
	void (*kl_unlock)(void *);
	void (*kl_assert_lock)(void *, int);
	void *kl_lockarg;
	int kl_autodestroy;
};
struct selinfo {
	struct selfdlist si_tdlist;
	struct knlist si_note;
	struct mtx *si_mtx;
};
typedef uint64_t so_gen_t;
typedef __int64_t __off_t;
typedef __off_t off_t;
struct sx {
	struct lock_object lock_object;
	__uintptr_t sx_lock;
};
struct sockbuf {
	struct selinfo *sb_sel;
	short sb_state;
	short sb_flags;
	u_int sb_acc;
	u_int sb_ccc;
	u_int sb_mbcnt;
	u_int sb_ctl;
	u_int sb_hiwat;
	u_int sb_lowat;
	u_int sb_mbmax;
	sbintime_t sb_timeo;
	int (*sb_upcall)(struct socket *, void *, int);
	void *sb_upcallarg;
	struct {
		struct kaiocb *tqh_first;
		struct kaiocb **tqh_last;
	} sb_aiojobq;
	struct task sb_aiotask;
	union {
		struct {
			struct mtx *sb_mtx;
			struct mbuf *sb_mb;
			struct mbuf *sb_mbtail;
			struct mbuf *sb_lastrecord;
			struct mbuf *sb_sndptr;
			struct mbuf *sb_fnrdy;
			u_int sb_sndptroff;
			u_int sb_tlscc;
			u_int sb_tlsdcc;
			struct mbuf *sb_mtls;
			struct mbuf *sb_mtlstail;
			uint64_t sb_tls_seqno;
			struct ktls_session *sb_tls_info;
		};
		struct {
			struct {
				struct mbuf *stqh_first;
				struct mbuf **stqh_last;
			} uxst_mbq;
			struct mbuf *uxst_fnrdy;
			struct socket *uxst_peer;
			u_int uxst_flags;
		};
		struct {
			struct {
				struct mbuf *stqh_first;
				struct mbuf **stqh_last;
			} uxdg_mb;
			struct mbuf *uxdg_peeked;
			union {
				struct {
					struct sockbuf *tqh_first;
					struct sockbuf **tqh_last;
				} uxdg_conns;
				struct {
					struct sockbuf *tqe_next;
					struct sockbuf **tqe_prev;
				} uxdg_clist;
			};
			u_int uxdg_cc;
			u_int uxdg_ctl;
			u_int uxdg_mbcnt;
		};
		struct {
			struct {
				struct nl_buf *tqh_first;
				struct nl_buf **tqh_last;
			} nl_queue;
		};
	};
};
enum socket_qstate {
	SQ_NONE = 0,
	SQ_INCOMP = 2048,
	SQ_COMP = 4096
};
struct accept_queue {
	struct socket *tqh_first;
	struct socket **tqh_last;
};
typedef void so_dtor_t(struct socket *);
typedef int so_upcall_t(struct socket *, void *, int);
struct socket {
	struct mtx so_lock;
	u_int so_count;
	struct selinfo so_rdsel;
	struct selinfo so_wrsel;
	int so_options;
	short so_type;
	short so_state;
	void *so_pcb;
	struct vnet *so_vnet;
	struct protosw *so_proto;
	short so_linger;
	short so_timeo;
	u_short so_error;
	u_short so_rerror;
	struct sigio *so_sigio;
	struct ucred *so_cred;
	struct label *so_label;
	so_gen_t so_gencnt;
	void *so_emuldata;
	so_dtor_t *so_dtor;
	struct osd osd;
	int so_fibnum;
	uint32_t so_user_cookie;
	int so_ts_clock;
	uint32_t so_max_pacing_rate;
	struct so_splice *so_splice;
	struct so_splice *so_splice_back;
	off_t so_splice_sent;
	char pad_at_344[40];
	struct sx so_snd_sx;
	struct mtx so_snd_mtx;
	struct sx so_rcv_sx;
	struct mtx so_rcv_mtx;
	union {
		struct {
			struct sockbuf so_rcv;
			struct sockbuf so_snd;
			struct {
				struct socket *tqe_next;
				struct socket **tqe_prev;
			} so_list;
			struct socket *so_listen;
			enum socket_qstate so_qstate;
			struct label *so_peerlabel;
			u_long so_oobmark;
			struct {
				struct socket *stqe_next;
			} so_ktls_rx_list;
		};
		struct {
			struct accept_queue sol_incomp;
			struct accept_queue sol_comp;
			u_int sol_qlen;
			u_int sol_incqlen;
			u_int sol_qlimit;
			struct accept_filter *sol_accept_filter;
			void *sol_accept_filter_arg;
			char *sol_accept_filter_str;
			so_upcall_t *sol_upcall;
			void *sol_upcallarg;
			int sol_sbrcv_lowat;
			int sol_sbsnd_lowat;
			u_int sol_sbrcv_hiwat;
			u_int sol_sbsnd_hiwat;
			short sol_sbrcv_flags;
			short sol_sbsnd_flags;
			sbintime_t sol_sbrcv_timeo;
			sbintime_t sol_sbsnd_timeo;
			struct timeval sol_lastover;
			int sol_overcount;
		};
	};
	char pad_at_984[40];
};
enum p_states {
	PRS_NEW = 0,
	PRS_NORMAL = 1,
	PRS_ZOMBIE = 2
};
typedef __int32_t __pid_t;
struct __sigset {
	__uint32_t __bits[4];
};
typedef struct __sigset __sigset_t;
typedef __sigset_t sigset_t;
struct sigqueue {
	sigset_t sq_signals;
	sigset_t sq_kill;
	sigset_t sq_ptrace;
	struct {
		struct ksiginfo *tqh_first;
		struct ksiginfo **tqh_last;
	} sq_list;
	struct proc *sq_proc;
	int sq_flags;
};
typedef struct sigqueue sigqueue_t;
struct itimerval {
	struct timeval it_interval;
	struct timeval it_value;
};
struct rusage {
	struct timeval ru_utime;
	struct timeval ru_stime;
	long ru_maxrss;
	long ru_ixrss;
	long ru_idrss;
	long ru_isrss;
	long ru_minflt;
	long ru_majflt;
	long ru_nswap;
	long ru_inblock;
	long ru_oublock;
	long ru_msgsnd;
	long ru_msgrcv;
	long ru_nsignals;
	long ru_nvcsw;
	long ru_nivcsw;
};
struct rusage_ext {
	uint64_t rux_runtime;
	uint64_t rux_uticks;
	uint64_t rux_sticks;
	uint64_t rux_iticks;
	uint64_t rux_uu;
	uint64_t rux_su;
	uint64_t rux_tu;
};
struct sigiolst {
	struct sigio *slh_first;
};
typedef __int64_t __rlim_t;
typedef __rlim_t rlim_t;
struct system_segment_descriptor {
	unsigned long sd_lolimit : 16;
	unsigned long sd_lobase : 24;
	unsigned long sd_type : 5;
	unsigned long sd_dpl : 2;
	unsigned long sd_p : 1;
	unsigned long sd_hilimit : 4;
	unsigned long sd_xx0 : 3;
	unsigned long sd_gran : 1;
	unsigned char sd_hibase[5];
	unsigned long sd_xx1 : 8;
	unsigned long sd_mbz : 5;
	unsigned long sd_xx2 : 19;
};
struct mdproc {
	struct proc_ldt *md_ldt;
	struct system_segment_descriptor md_ldt_sd;
	u_int md_flags;
};
struct cv {
	const char *cv_description;
	int cv_waiters;
};
struct proc {
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_list;
	struct {
		struct thread *tqh_first;
		struct thread **tqh_last;
	} p_threads;
	struct mtx p_slock;
	struct ucred *p_ucred;
	struct filedesc *p_fd;
	struct filedesc_to_leader *p_fdtol;
	struct pwddesc *p_pd;
	struct pstats *p_stats;
	struct plimit *p_limit;
	struct callout p_limco;
	struct sigacts *p_sigacts;
	int p_flag;
	int p_flag2;
	enum p_states p_state;
	pid_t p_pid;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_hash;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_pglist;
	struct proc *p_pptr;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_sibling;
	struct {
		struct proc *lh_first;
	} p_children;
	struct proc *p_reaper;
	struct {
		struct proc *lh_first;
	} p_reaplist;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_reapsibling;
	struct mtx p_mtx;
	struct mtx p_statmtx;
	struct mtx p_itimmtx;
	struct mtx p_profmtx;
	struct ksiginfo *p_ksi;
	sigqueue_t p_sigqueue;
	pid_t p_oppid;
	struct vmspace *p_vmspace;
	u_int p_swtick;
	u_int p_cowgen;
	struct itimerval p_realtimer;
	struct rusage p_ru;
	struct rusage_ext p_rux;
	struct rusage_ext p_crux;
	int p_profthreads;
	int p_exitthreads;
	int p_traceflag;
	struct ktr_io_params *p_ktrioparms;
	struct vnode *p_textvp;
	struct vnode *p_textdvp;
	char *p_binname;
	u_int p_lock;
	struct sigiolst p_sigiolst;
	int p_sigparent;
	int p_sig;
	u_int p_ptevents;
	struct kaioinfo *p_aioinfo;
	struct thread *p_singlethread;
	int p_suspcount;
	struct thread *p_xthread;
	int p_boundary_count;
	int p_pendingcnt;
	struct itimers *p_itimers;
	struct procdesc *p_procdesc;
	u_int p_treeflag;
	int p_pendingexits;
	struct filemon *p_filemon;
	int p_pdeathsig;
	u_int p_magic;
	int p_osrel;
	uint32_t p_fctl0;
	char p_comm[20];
	struct sysentvec *p_sysent;
	struct pargs *p_args;
	rlim_t p_cpulimit;
	char p_nice;
	int p_fibnum;
	pid_t p_reapsubtree;
	uint64_t p_elf_flags;
	const void *p_elf_brandinfo;
	sbintime_t p_umtx_min_timeout;
	u_int p_xexit;
	u_int p_xsig;
	struct pgrp *p_pgrp;
	struct knlist *p_klist;
	int p_numthreads;
	struct mdproc p_md;
	struct callout p_itcallout;
	u_short p_acflag;
	struct proc *p_peers;
	struct proc *p_leader;
	void *p_emuldata;
	struct label *p_label;
	struct {
		struct ktr_request *stqh_first;
		struct ktr_request **stqh_last;
	} p_ktr;
	struct {
		struct mqueue_notifier *lh_first;
	} p_mqnotifier;
	struct kdtrace_proc *p_dtrace;
	struct cv p_pwait;
	struct racct *p_racct;
	int p_throttled;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_orphan;
	struct {
		struct proc *lh_first;
	} p_orphans;
	struct {
		struct kq_timer_cb_data *tqh_first;
		struct kq_timer_cb_data **tqh_last;
	} p_kqtim_stop;
	struct {
		struct proc *le_next;
		struct proc **le_prev;
	} p_jaillist;
	u_int p_execblock;
};
struct domainset_ref {
	struct domainset *dr_policy;
	unsigned int dr_iter;
};
typedef __int32_t __lwpid_t;
typedef __lwpid_t lwpid_t;
struct sigaltstack {
	void *ss_sp;
	__size_t ss_size;
	int ss_flags;
};
typedef struct sigaltstack stack_t;
typedef __uint32_t __uid_t;
union sigval {
	int sival_int;
	void *sival_ptr;
	int sigval_int;
	void *sigval_ptr;
};
struct __siginfo {
	int si_signo;
	int si_errno;
	int si_code;
	__pid_t si_pid;
	__uid_t si_uid;
	int si_status;
	void *si_addr;
	union sigval si_value;
	union {
		struct {
			int _trapno;
		} _fault;
		struct {
			int _timerid;
			int _overrun;
		} _timer;
		struct {
			int _mqd;
		} _mesgq;
		struct {
			long _band;
		} _poll;
		struct {
			int _syscall;
		} _capsicum;
		struct {
			long __spare1__;
			int __spare2__[7];
		} __spare__;
	} _reason;
};
typedef struct __siginfo siginfo_t;
struct kexterr {
	int error;
	const char *msg;
	__uint64_t p1;
	__uint64_t p2;
	unsigned int cat;
	unsigned int src_line;
};
typedef __int64_t __register_t;
typedef __register_t register_t;
struct syscall_args {
	u_int code;
	u_int original_code;
	struct sysent *callp;
	register_t args[8];
};
enum td_states {
	TDS_INACTIVE = 0,
	TDS_INHIBITED = 1,
	TDS_CAN_RUN = 2,
	TDS_RUNQ = 3,
	TDS_RUNNING = 4
};
typedef __register_t syscallarg_t;
typedef __uint64_t __vm_offset_t;
typedef __vm_offset_t vm_offset_t;
struct pmap_invl_gen {
	u_long gen;
	union {
		struct {
			struct pmap_invl_gen *le_next;
			struct pmap_invl_gen **le_prev;
		} link;
		struct {
			struct pmap_invl_gen *next;
			u_char saved_pri;
		};
	};
	char pad_at_24[8];
};
struct region_descriptor {
	unsigned short rd_limit;
	char rd_base[8];
};
struct pcb {
	register_t pcb_r15;
	register_t pcb_r14;
	register_t pcb_r13;
	register_t pcb_r12;
	register_t pcb_rbp;
	register_t pcb_rsp;
	register_t pcb_rbx;
	register_t pcb_rip;
	register_t pcb_fsbase;
	register_t pcb_gsbase;
	register_t pcb_kgsbase;
	register_t pcb_cr0;
	register_t pcb_cr2;
	register_t pcb_cr3;
	register_t pcb_cr4;
	register_t pcb_dr0;
	register_t pcb_dr1;
	register_t pcb_dr2;
	register_t pcb_dr3;
	register_t pcb_dr6;
	register_t pcb_dr7;
	struct region_descriptor pcb_gdt;
	struct region_descriptor pcb_idt;
	struct region_descriptor pcb_ldt;
	uint16_t pcb_tr;
	u_int pcb_flags;
	uint16_t pcb_initial_fpucw;
	caddr_t pcb_onfault;
	uint64_t pcb_saved_ucr3;
	struct amd64tss *pcb_tssp;
	register_t pcb_efer;
	register_t pcb_star;
	register_t pcb_lstar;
	register_t pcb_cstar;
	register_t pcb_sfmask;
	struct savefpu *pcb_save;
	register_t pcb_tlsbase;
	uint64_t pcb_pad[4];
};
struct mdthread {
	int md_spinlock_count;
	register_t md_saved_flags;
	register_t md_spurflt_addr;
	char pad_at_24[8];
	struct pmap_invl_gen md_invl_gen;
	register_t md_efirt_tmp;
	int md_efirt_dis_pf;
	struct pcb md_pcb;
	vm_offset_t md_stack_base;
	void *md_usr_fpu_save;
};
struct lpohead {
	struct lock_profile_object *lh_first;
};
struct thread {
	struct mtx *td_lock;
	struct proc *td_proc;
	struct {
		struct thread *tqe_next;
		struct thread **tqe_prev;
	} td_plist;
	struct {
		struct thread *tqe_next;
		struct thread **tqe_prev;
	} td_runq;
	union {
		struct {
			struct thread *tqe_next;
			struct thread **tqe_prev;
		} td_slpq;
		struct thread *td_zombie;
	};
	struct {
		struct thread *tqe_next;
		struct thread **tqe_prev;
	} td_lockq;
	struct {
		struct thread *le_next;
		struct thread **le_prev;
	} td_hash;
	struct cpuset *td_cpuset;
	struct domainset_ref td_domain;
	struct seltd *td_sel;
	struct sleepqueue *td_sleepqueue;
	struct turnstile *td_turnstile;
	void *td_pad1;
	struct umtx_q *td_umtxq;
	lwpid_t td_tid;
	sigqueue_t td_sigqueue;
	u_char td_lend_user_pri;
	u_char td_allocdomain;
	u_char td_base_ithread_pri;
	struct kmsan_td *td_kmsan;
	int td_flags;
	int td_ast;
	int td_inhibitors;
	int td_pflags;
	int td_pflags2;
	int td_dupfd;
	int td_sqqueue;
	const void *td_wchan;
	const char *td_wmesg;
	u_char td_owepreempt;
	u_char td_tsqueue;
	u_char _td_pad0[2];
	int td_locks;
	int td_rw_rlocks;
	int td_sx_slocks;
	int td_lk_slocks;
	struct lock_object *td_wantedlock;
	struct turnstile *td_blocked;
	const char *td_lockname;
	struct {
		struct turnstile *lh_first;
	} td_contested;
	struct lock_list_entry *td_sleeplocks;
	int td_intr_nesting_level;
	int td_pinned;
	struct ucred *td_realucred;
	struct ucred *td_ucred;
	struct plimit *td_limit;
	int td_slptick;
	int td_blktick;
	int td_swvoltick;
	int td_swinvoltick;
	u_int td_cow;
	struct rusage td_ru;
	struct rusage_ext td_rux;
	uint64_t td_incruntime;
	uint64_t td_runtime;
	u_int td_pticks;
	u_int td_sticks;
	u_int td_iticks;
	u_int td_uticks;
	int td_intrval;
	sigset_t td_oldsigmask;
	u_int td_generation;
	stack_t td_sigstk;
	int td_xsig;
	u_long td_profil_addr;
	u_int td_profil_ticks;
	char td_name[20];
	struct file *td_fpop;
	int td_dbgflags;
	siginfo_t td_si;
	int td_ng_outbound;
	struct osd td_osd;
	struct vm_map_entry *td_map_def_user;
	pid_t td_dbg_forked;
	u_int td_no_sleeping;
	struct vnode *td_vp_reserved;
	void *td_su;
	sbintime_t td_sleeptimo;
	int td_rtcgen;
	int td_errno;
	size_t td_vslock_sz;
	struct kcov_info *td_kcov_info;
	long td_ucredref;
	struct kexterr td_kexterr;
	sigset_t td_sigmask;
	u_char td_rqindex;
	u_char td_base_pri;
	u_char td_priority;
	u_char td_pri_class;
	u_char td_user_pri;
	u_char td_base_user_pri;
	uintptr_t td_rb_list;
	uintptr_t td_rbp_list;
	uintptr_t td_rb_inact;
	struct syscall_args td_sa;
	void *td_sigblock_ptr;
	uint32_t td_sigblock_val;
	void *td_exterr_ptr;
	struct pcb *td_pcb;
	enum td_states td_state;
	union {
		syscallarg_t tdu_retval[2];
		off_t tdu_off;
	} td_uretoff;
	u_int td_cowgen;
	struct callout td_slpcallout;
	struct trapframe *td_frame;
	vm_offset_t td_kstack;
	u_short td_kstack_pages;
	u_short td_kstack_domain;
	u_int td_critnest;
	struct mdthread td_md;
	struct kaudit_record *td_ar;
	struct lpohead td_lprof[2];
	struct kdtrace_thread *td_dtrace;
	struct vnet *td_vnet;
	const char *td_vnet_lpush;
	struct trapframe *td_intr_frame;
	struct proc *td_rfppwait_p;
	struct vm_page **td_ma;
	int td_ma_cnt;
	void *td_emuldata;
	int td_lastcpu;
	int td_oncpu;
	void *td_lkpi_task;
	int td_pmcpend;
	void *td_remotereq;
	off_t td_ktr_io_lim;
};
typedef __uid_t uid_t;
typedef uid_t au_id_t;
struct au_mask {
	unsigned int am_success;
	unsigned int am_failure;
};
typedef struct au_mask au_mask_t;
struct au_tid_addr {
	u_int32_t at_port;
	u_int32_t at_type;
	u_int32_t at_addr[4];
};
typedef struct au_tid_addr au_tid_addr_t;
typedef pid_t au_asid_t;
typedef __uint64_t u_int64_t;
typedef u_int64_t au_asflgs_t;
struct auditinfo_addr {
	au_id_t ai_auid;
	au_mask_t ai_mask;
	au_tid_addr_t ai_termid;
	au_asid_t ai_asid;
	au_asflgs_t ai_flags;
};
typedef __uint32_t __gid_t;
typedef __gid_t gid_t;
struct ucred {
	struct mtx cr_mtx;
	long cr_ref;
	u_int cr_users;
	u_int cr_flags;
	struct auditinfo_addr cr_audit;
	int cr_ngroups;
	uid_t cr_uid;
	uid_t cr_ruid;
	uid_t cr_svuid;
	gid_t cr_gid;
	gid_t cr_rgid;
	gid_t cr_svgid;
	struct uidinfo *cr_uidinfo;
	struct uidinfo *cr_ruidinfo;
	struct prison *cr_prison;
	struct loginclass *cr_loginclass;
	void *cr_pspare2[2];
	struct label *cr_label;
	gid_t *cr_groups;
	int cr_agroups;
	gid_t cr_smallgroups[16];
};
enum prison_state {
	PRISON_STATE_INVALID = 0,
	PRISON_STATE_ALIVE = 1,
	PRISON_STATE_DYING = 2
};
struct prison {
	struct {
		struct prison *tqe_next;
		struct prison **tqe_prev;
	} pr_list;
	int pr_id;
	u_int pr_ref;
	u_int pr_uref;
	unsigned int pr_flags;
	struct {
		struct prison *lh_first;
	} pr_children;
	struct {
		struct proc *lh_first;
	} pr_proclist;
	struct {
		struct prison *le_next;
		struct prison **le_prev;
	} pr_sibling;
	struct prison *pr_parent;
	struct mtx pr_mtx;
	struct task pr_task;
	struct osd pr_osd;
	struct cpuset *pr_cpuset;
	struct vnet *pr_vnet;
	struct vnode *pr_root;
	struct prison_ip *pr_addrs[2];
	struct prison_racct *pr_prison_racct;
	struct knlist *pr_klist;
	struct {
		struct jaildesc *lh_first;
	} pr_descs;
	void *pr_sparep;
	int pr_childcount;
	int pr_childmax;
	unsigned int pr_allow;
	int pr_securelevel;
	int pr_enforce_statfs;
	int pr_devfs_rsnum;
	enum prison_state pr_state;
	int pr_exportcnt;
	int pr_spare;
	int pr_osreldate;
	unsigned long pr_hostid;
	char pr_name[256];
	char pr_path[1024];
	char pr_hostname[256];
	char pr_domainname[256];
	char pr_hostuuid[64];
	char pr_osrelease[32];
};
typedef _Bool bool;
struct vnet {
	struct {
		struct vnet *le_next;
		struct vnet **le_prev;
	} vnet_le;
	u_int vnet_magic_n;
	u_int vnet_ifcnt;
	u_int vnet_sockcnt;
	u_int vnet_state;
	void *vnet_data_mem;
	uintptr_t vnet_data_base;
	bool vnet_shutdown;
	char pad_at_49[15];
};
struct ip {
	unsigned char ip_hl : 4;
	unsigned char ip_v : 4;
	u_char ip_tos;
	u_short ip_len;
	u_short ip_id;
	u_short ip_off;
	u_char ip_ttl;
	u_char ip_p;
	u_short ip_sum;
	struct in_addr ip_src;
	struct in_addr ip_dst;
};
struct ip6_hdrctl {
	u_int32_t ip6_un1_flow;
	u_int16_t ip6_un1_plen;
	u_int8_t ip6_un1_nxt;
	u_int8_t ip6_un1_hlim;
};
struct ip6_hdr {
	union {
		struct ip6_hdrctl ip6_un1;
		u_int8_t ip6_un2_vfc;
	} ip6_ctlun;
	struct in6_addr ip6_src;
	struct in6_addr ip6_dst;
};
struct tcphdr {
	u_short th_sport;
	u_short th_dport;
	tcp_seq th_seq;
	tcp_seq th_ack;
	unsigned char th_x2 : 4;
	unsigned char th_off : 4;
	u_char th_flags;
	u_short th_win;
	u_short th_sum;
	u_short th_urp;
};
struct udphdr {
	u_short uh_sport;
	u_short uh_dport;
	u_short uh_ulen;
	u_short uh_sum;
};
struct ih_idseq {
	uint16_t icd_id;
	uint16_t icd_seq;
};
struct ih_pmtu {
	uint16_t ipm_void;
	uint16_t ipm_nextmtu;
};
struct ih_rtradv {
	u_char irt_num_addrs;
	u_char irt_wpa;
	u_int16_t irt_lifetime;
};
struct id_ts {
	uint32_t its_otime;
	uint32_t its_rtime;
	uint32_t its_ttime;
};
struct id_ip {
	struct ip idi_ip;
};
struct icmp_ra_addr {
	u_int32_t ira_addr;
	u_int32_t ira_preference;
};
struct icmp {
	u_char icmp_type;
	u_char icmp_code;
	u_short icmp_cksum;
	union {
		u_char ih_pptr;
		struct in_addr ih_gwaddr;
		struct ih_idseq ih_idseq;
		int ih_void;
		struct ih_pmtu ih_pmtu;
		struct ih_rtradv ih_rtradv;
	} icmp_hun;
	union {
		struct id_ts id_ts;
		struct id_ip id_ip;
		struct icmp_ra_addr id_radv;
		u_int32_t id_mask;
		char id_data[1];
	} icmp_dun;
};
struct icmp6_hdr {
	u_int8_t icmp6_type;
	u_int8_t icmp6_code;
	u_int16_t icmp6_cksum;
	union {
		u_int32_t icmp6_un_data32[1];
		u_int16_t icmp6_un_data16[2];
		u_int8_t icmp6_un_data8[4];
	} icmp6_dataun;
};
struct arphdr {
	u_short ar_hrd;
	u_short ar_pro;
	u_char ar_hln;
	u_char ar_pln;
	u_short ar_op;
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
struct ether_addr {
	u_char octet[6];
};
struct sockaddr_in {
	uint8_t sin_len;
	sa_family_t sin_family;
	in_port_t sin_port;
	struct in_addr sin_addr;
	char sin_zero[8];
};
struct sockaddr_dl {
	u_char sdl_len;
	u_char sdl_family;
	u_short sdl_index;
	u_char sdl_type;
	u_char sdl_nlen;
	u_char sdl_alen;
	u_char sdl_slen;
	char sdl_data[46];
};
struct sockaddr_dl_short {
	u_char sdl_len;
	u_char sdl_family;
	u_short sdl_index;
	u_char sdl_type;
	u_char sdl_nlen;
	u_char sdl_alen;
	u_char sdl_slen;
	char sdl_data[8];
};
struct nhop_object {
	uint16_t nh_flags;
	uint16_t nh_mtu;
	union {
		struct sockaddr_in gw4_sa;
		struct sockaddr_in6 gw6_sa;
		struct sockaddr gw_sa;
		struct sockaddr_dl_short gwl_sa;
		char gw_buf[28];
	};
	struct ifnet *nh_ifp;
	struct ifaddr *nh_ifa;
	struct ifnet *nh_aifp;
	counter_u64_t nh_pksent;
	uint8_t nh_prepend_len;
	uint8_t spare[3];
	uint32_t spare1;
	char nh_prepend[48];
	struct nhop_priv *nh_priv;
};
struct bpfd_list {
	struct bpf_d *clh_first;
};
struct bpf_if_ext {
	struct {
		struct bpf_if *cle_next;
		struct bpf_if **cle_prev;
	} bif_next;
	struct bpfd_list bif_dlist;
};
struct bpf_if {
	struct bpf_if_ext bif_ext;
	u_int bif_dlt;
	u_int bif_hdrlen;
	struct bpfd_list bif_wlist;
	struct ifnet *bif_ifp;
	struct bpf_if **bif_bpf;
	u_int bif_refcnt;
	struct epoch_context epoch_ctx;
};
struct ifaddr {
	struct sockaddr *ifa_addr;
	struct sockaddr *ifa_dstaddr;
	struct sockaddr *ifa_netmask;
	if_t ifa_ifp;
	struct carp_softc *ifa_carp;
	struct {
		struct ifaddr *cstqe_next;
	} ifa_link;
	u_short ifa_flags;
	u_int ifa_refcnt;
	counter_u64_t ifa_ipackets;
	counter_u64_t ifa_opackets;
	counter_u64_t ifa_ibytes;
	counter_u64_t ifa_obytes;
	struct epoch_context ifa_epoch_ctx;
};
typedef __int64_t __ssize_t;
enum uio_seg {
	UIO_USERSPACE = 0,
	UIO_SYSSPACE = 1,
	UIO_NOCOPY = 2
};
enum uio_rw {
	UIO_READ = 0,
	UIO_WRITE = 1
};
struct uio {
	struct iovec *uio_iov;
	int uio_iovcnt;
	off_t uio_offset;
	ssize_t uio_resid;
	enum uio_seg uio_segflg;
	enum uio_rw uio_rw;
	struct thread *uio_td;
};
struct disk_zone_disk_params {
	uint32_t zone_mode;
	uint64_t flags;
	uint64_t optimal_seq_zones;
	uint64_t optimal_nonseq_zones;
	uint64_t max_seq_zones;
};
struct disk_zone_rwp {
	uint64_t id;
	uint8_t flags;
};
struct disk_zone_rep_header {
	uint8_t same;
	uint64_t maximum_lba;
	uint8_t reserved[64];
};
struct disk_zone_report {
	uint64_t starting_id;
	uint8_t rep_options;
	struct disk_zone_rep_header header;
	uint32_t entries_allocated;
	uint32_t entries_filled;
	uint32_t entries_available;
	struct disk_zone_rep_entry *entries;
};
union disk_zone_params {
	struct disk_zone_disk_params disk_params;
	struct disk_zone_rwp rwp;
	struct disk_zone_report report;
};
struct disk_zone_args {
	uint8_t zone_cmd;
	union disk_zone_params zone_params;
};
struct bintime {
	time_t sec;
	uint64_t frac;
};
typedef __int64_t __daddr_t;
typedef __daddr_t daddr_t;
typedef void bio_task_t(void *);
struct bio {
	uint16_t bio_cmd;
	uint16_t bio_flags;
	uint16_t bio_cflags;
	uint16_t bio_pflags;
	struct cdev *bio_dev;
	struct disk *bio_disk;
	off_t bio_offset;
	long bio_bcount;
	caddr_t bio_data;
	struct vm_page **bio_ma;
	int bio_ma_offset;
	int bio_ma_n;
	int bio_error_compat;
	long bio_resid;
	void (*bio_done)(struct bio *);
	void *bio_driver1;
	void *bio_driver2;
	void *bio_caller1;
	void *bio_caller2;
	struct {
		struct bio *tqe_next;
		struct bio **tqe_prev;
	} bio_queue;
	const char *bio_attribute;
	struct disk_zone_args bio_zone;
	struct g_consumer *bio_from;
	struct g_provider *bio_to;
	off_t bio_length;
	off_t bio_completed;
	u_int bio_children;
	u_int bio_inbed;
	struct bio *bio_parent;
	struct bintime bio_t0;
	bio_task_t *bio_task;
	void *bio_task_arg;
	void *bio_spare1;
	void *bio_spare2;
	daddr_t bio_pblkno;
	struct kexterr bio_exterr;
};
typedef uint32_t b_xflags_t;
struct lock {
	struct lock_object lock_object;
	uintptr_t lk_lock;
	u_short lk_exslpfail;
	u_short lk_pri;
	int lk_timo;
};
struct cluster_list_head {
	struct buf *tqh_first;
	struct buf **tqh_last;
};
union cluster_info {
	struct cluster_list_head cluster_head;
	struct {
		struct buf *tqe_next;
		struct buf **tqe_prev;
	} cluster_entry;
};
struct workhead {
	struct worklist *lh_first;
};
struct buf {
	struct bufobj *b_bufobj;
	long b_bcount;
	void *b_caller1;
	caddr_t b_data;
	uint16_t b_iocmd;
	uint16_t b_ioflags;
	off_t b_iooffset;
	long b_resid;
	void (*b_iodone)(struct buf *);
	void (*b_ckhashcalc)(struct buf *);
	uint64_t b_ckhash;
	daddr_t b_blkno;
	off_t b_offset;
	struct {
		struct buf *tqe_next;
		struct buf **tqe_prev;
	} b_bobufs;
	uint32_t b_vflags;
	uint8_t b_qindex;
	uint8_t b_domain;
	uint16_t b_subqueue;
	uint32_t b_flags;
	b_xflags_t b_xflags;
	struct lock b_lock;
	long b_bufsize;
	int b_runningbufspace;
	int b_kvasize;
	int b_dirtyoff;
	int b_dirtyend;
	caddr_t b_kvabase;
	daddr_t b_lblkno;
	struct vnode *b_vp;
	struct ucred *b_rcred;
	struct ucred *b_wcred;
	union {
		struct {
			struct buf *tqe_next;
			struct buf **tqe_prev;
		} b_freelist;
		struct {
			void (*b_pgiodone)(void *, struct vm_page **, int, int);
			int b_pgbefore;
			int b_pgafter;
		};
	};
	union cluster_info b_cluster;
	int b_npages;
	struct workhead b_dep;
	void *b_fsprivate1;
	void *b_fsprivate2;
	void *b_fsprivate3;
	struct kexterr b_exterr;
	struct vm_page *b_pages[0];
};
enum enum_vtype_uint8 {
	VNON = 0,
	VREG = 1,
	VDIR = 2,
	VBLK = 3,
	VCHR = 4,
	VLNK = 5,
	VSOCK = 6,
	VFIFO = 7,
	VBAD = 8,
	VMARKER = 9,
	VLASTTYPE = 9
};
enum enum_vstate_uint8 {
	VSTATE_UNINITIALIZED = 0,
	VSTATE_CONSTRUCTED = 1,
	VSTATE_DESTROYING = 2,
	VSTATE_DEAD = 3,
	VLASTSTATE = 3
};
typedef uint32_t seqc_t;
struct buflists {
	struct buf *tqh_first;
	struct buf **tqh_last;
};
struct pctrie {
	struct pctrie_node *pt_root;
};
struct bufv {
	struct buflists bv_hd;
	struct pctrie bv_root;
	int bv_cnt;
};
struct bufobj {
	struct rwlock bo_lock;
	struct buf_ops *bo_ops;
	struct vm_object *bo_object;
	struct {
		struct bufobj *le_next;
		struct bufobj **le_prev;
	} bo_synclist;
	void *bo_private;
	struct bufv bo_clean;
	struct bufv bo_dirty;
	int bo_numoutput;
	u_int bo_flag;
	int bo_domain;
	int bo_bsize;
};
struct rangelock {
	uintptr_t head;
	bool sleepers;
};
struct vnode {
	enum enum_vtype_uint8 v_type : 8;
	enum enum_vstate_uint8 v_state : 8;
	short v_irflag;
	seqc_t v_seqc;
	uint32_t v_nchash;
	u_int v_hash;
	const struct vop_vector *v_op;
	void *v_data;
	struct mount *v_mount;
	struct {
		struct vnode *tqe_next;
		struct vnode **tqe_prev;
	} v_nmntvnodes;
	union {
		struct mount *v_mountedhere;
		struct unpcb *v_unpcb;
		struct cdev *v_rdev;
		struct fifoinfo *v_fifoinfo;
	};
	struct {
		struct vnode *le_next;
		struct vnode **le_prev;
	} v_hashlist;
	struct {
		struct namecache *lh_first;
	} v_cache_src;
	struct {
		struct namecache *tqh_first;
		struct namecache **tqh_last;
	} v_cache_dst;
	struct namecache *v_cache_dd;
	struct lock v_lock;
	struct mtx v_interlock;
	struct lock *v_vnlock;
	struct {
		struct vnode *tqe_next;
		struct vnode **tqe_prev;
	} v_vnodelist;
	struct {
		struct vnode *tqe_next;
		struct vnode **tqe_prev;
	} v_lazylist;
	struct bufobj v_bufobj;
	struct vpollinfo *v_pollinfo;
	struct label *v_label;
	struct lockf *v_lockf;
	struct rangelock v_rl;
	u_int v_holdcnt;
	u_int v_usecount;
	u_short v_iflag;
	u_short v_vflag;
	u_short v_mflag;
	short v_dbatchcpu;
	int v_writecount;
	int v_seqc_users;
};
typedef short __int16_t;
struct file {
	u_int f_flag;
	u_int f_count;
	void *f_data;
	const struct fileops *f_ops;
	struct vnode *f_vnode;
	struct ucred *f_cred;
	short f_type;
	short f_vflags;
	union {
		int16_t f_seqcount[2];
		int f_pipegen;
	};
	off_t f_nextoff[2];
	union {
		struct cdev_privdata *fvn_cdevpriv;
		struct fadvise_info *fvn_advice;
	} f_vnun;
	off_t f_offset;
};
struct vnodelst {
	struct vnode *tqh_first;
	struct vnode **tqh_last;
};
struct fsid {
	int32_t val[2];
};
typedef struct fsid fsid_t;
struct statfs {
	uint32_t f_version;
	uint32_t f_type;
	uint64_t f_flags;
	uint64_t f_bsize;
	uint64_t f_iosize;
	uint64_t f_blocks;
	uint64_t f_bfree;
	int64_t f_bavail;
	uint64_t f_files;
	int64_t f_ffree;
	uint64_t f_syncwrites;
	uint64_t f_asyncwrites;
	uint64_t f_syncreads;
	uint64_t f_asyncreads;
	uint32_t f_nvnodelistsize;
	uint32_t f_spare0;
	uint64_t f_spare[9];
	uint32_t f_namemax;
	uid_t f_owner;
	fsid_t f_fsid;
	char f_charspare[80];
	char f_fstypename[16];
	char f_mntfromname[1024];
	char f_mntonname[1024];
};
struct mount {
	int mnt_vfs_ops;
	int mnt_kern_flag;
	uint64_t mnt_flag;
	struct mount_pcpu *mnt_pcpu;
	struct vnode *mnt_rootvnode;
	struct vnode *mnt_vnodecovered;
	struct vfsops *mnt_op;
	struct vfsconf *mnt_vfc;
	char pad_at_56[8];
	struct mtx mnt_mtx;
	int mnt_gen;
	struct {
		struct mount *tqe_next;
		struct mount **tqe_prev;
	} mnt_list;
	struct vnode *mnt_syncer;
	int mnt_ref;
	struct vnodelst mnt_nvnodelist;
	int mnt_nvnodelistsize;
	int mnt_writeopcount;
	struct vfsoptlist *mnt_opt;
	struct vfsoptlist *mnt_optnew;
	struct statfs mnt_stat;
	struct ucred *mnt_cred;
	void *mnt_data;
	time_t mnt_time;
	int mnt_iosize_max;
	struct netexport *mnt_export;
	struct label *mnt_label;
	u_int mnt_hashseed;
	int mnt_lockref;
	int mnt_secondary_writes;
	int mnt_secondary_accwrites;
	struct thread *mnt_susp_owner;
	struct ucred *mnt_exjail;
	char *mnt_gjprovider;
	struct mtx mnt_listmtx;
	struct vnodelst mnt_lazyvnodelist;
	int mnt_lazyvnodelistsize;
	int mnt_upper_pending;
	struct lock mnt_explock;
	struct lock mnt_renamelock;
	struct {
		struct mount_upper_node *tqh_first;
		struct mount_upper_node **tqh_last;
	} mnt_uppers;
	struct {
		struct mount_upper_node *tqh_first;
		struct mount_upper_node **tqh_last;
	} mnt_notify;
	struct {
		struct mount *stqe_next;
	} mnt_taskqueue_link;
	uint64_t mnt_taskqueue_flags;
	unsigned int mnt_unmount_retries;
	char pad_at_2796[20];
};
typedef enum {
	DEVSTAT_ALL_SUPPORTED = 0,
	DEVSTAT_NO_BLOCKSIZE = 1,
	DEVSTAT_NO_ORDERED_TAGS = 2,
	DEVSTAT_BS_UNAVAILABLE = 4
} devstat_support_flags;
typedef enum {
	DEVSTAT_TYPE_DIRECT = 0,
	DEVSTAT_TYPE_SEQUENTIAL = 1,
	DEVSTAT_TYPE_PRINTER = 2,
	DEVSTAT_TYPE_PROCESSOR = 3,
	DEVSTAT_TYPE_WORM = 4,
	DEVSTAT_TYPE_CDROM = 5,
	DEVSTAT_TYPE_SCANNER = 6,
	DEVSTAT_TYPE_OPTICAL = 7,
	DEVSTAT_TYPE_CHANGER = 8,
	DEVSTAT_TYPE_COMM = 9,
	DEVSTAT_TYPE_ASC0 = 10,
	DEVSTAT_TYPE_ASC1 = 11,
	DEVSTAT_TYPE_STORARRAY = 12,
	DEVSTAT_TYPE_ENCLOSURE = 13,
	DEVSTAT_TYPE_FLOPPY = 14,
	DEVSTAT_TYPE_MASK = 15,
	DEVSTAT_TYPE_IF_SCSI = 16,
	DEVSTAT_TYPE_IF_IDE = 32,
	DEVSTAT_TYPE_IF_OTHER = 48,
	DEVSTAT_TYPE_IF_NVME = 64,
	DEVSTAT_TYPE_IF_MASK = 240,
	DEVSTAT_TYPE_PASS = 256
} devstat_type_flags;
typedef enum {
	DEVSTAT_PRIORITY_MIN = 0,
	DEVSTAT_PRIORITY_OTHER = 32,
	DEVSTAT_PRIORITY_PASS = 48,
	DEVSTAT_PRIORITY_FD = 64,
	DEVSTAT_PRIORITY_WFD = 80,
	DEVSTAT_PRIORITY_TAPE = 96,
	DEVSTAT_PRIORITY_CD = 144,
	DEVSTAT_PRIORITY_DISK = 272,
	DEVSTAT_PRIORITY_ARRAY = 288,
	DEVSTAT_PRIORITY_MAX = 4095
} devstat_priority;
struct devstat {
	u_int sequence0;
	int allocated;
	u_int start_count;
	u_int end_count;
	struct bintime busy_from;
	struct {
		struct devstat *stqe_next;
	} dev_links;
	u_int32_t device_number;
	char device_name[16];
	int unit_number;
	u_int64_t bytes[4];
	u_int64_t operations[4];
	struct bintime duration[4];
	struct bintime busy_time;
	struct bintime creation_time;
	u_int32_t block_size;
	u_int64_t tag_types[3];
	devstat_support_flags flags;
	devstat_type_flags device_type;
	devstat_priority priority;
	const void *id;
	u_int sequence1;
};
struct m_tag {
	struct {
		struct m_tag *sle_next;
	} m_tag_link;
	u_int16_t m_tag_id;
	u_int16_t m_tag_len;
	u_int32_t m_tag_cookie;
	void (*m_tag_free)(struct m_tag *);
};
typedef struct vm_object *vm_object_t;
typedef __uint64_t vm_pindex_t;
struct md_page {
	struct {
		struct pv_entry *tqh_first;
		struct pv_entry **tqh_last;
	} pv_list;
	int pv_gen;
	int pat_mode;
};
union vm_page_astate {
	struct {
		uint16_t flags;
		uint8_t queue;
		uint8_t act_count;
	};
	uint32_t _bits;
};
typedef char __int8_t;
typedef uint8_t vm_page_bits_t;
struct vm_page {
	union {
		struct {
			struct vm_page *tqe_next;
			struct vm_page **tqe_prev;
		} q;
		struct {
			struct {
				struct vm_page *sle_next;
			} ss;
		} s;
		struct {
			u_long p;
			u_long v;
		} memguard;
		struct {
			void *slab;
			void *zone;
		} uma;
	} plinks;
	vm_object_t object;
	vm_pindex_t pindex;
	vm_paddr_t phys_addr;
	struct md_page md;
	u_int ref_count;
	u_int busy_lock;
	union vm_page_astate a;
	uint8_t order;
	uint8_t pool;
	uint8_t flags;
	uint8_t oflags;
	int8_t psind;
	int8_t segind;
	vm_page_bits_t valid;
	vm_page_bits_t dirty;
};
typedef u_char vm_prot_t;
struct image_params {
	struct proc *proc;
	struct label *execlabel;
	struct vnode *vp;
	struct vm_object *object;
	struct vattr *attr;
	const char *image_header;
	unsigned long entry_addr;
	unsigned long reloc_base;
	unsigned long et_dyn_addr;
	char *interpreter_name;
	void *auxargs;
	struct sf_buf *firstpage;
	void *ps_strings;
	struct image_args *args;
	struct sysentvec *sysent;
	void *argv;
	void *envv;
	char *execpath;
	void *execpathp;
	char *freepath;
	void *canary;
	int canarylen;
	void *pagesizes;
	int pagesizeslen;
	vm_prot_t stack_prot;
	u_long stack_sz;
	struct ucred *newcred;
	unsigned char interpreted;
	bool credential_setid;
	bool vmspace_destroyed;
	bool opened;
	bool textset;
	u_int map_flags;
	uint32_t imgp_flags;
	struct vnode *interpreter_vp;
};
struct pargs {
	u_int ar_ref;
	u_int ar_length;
	u_char ar_args[1];
};
struct session {
	u_int s_count;
	struct proc *s_leader;
	struct vnode *s_ttyvp;
	struct cdev_priv *s_ttydp;
	struct tty *s_ttyp;
	pid_t s_sid;
	char s_login[40];
	struct mtx s_mtx;
};
struct pgrp {
	struct {
		struct pgrp *le_next;
		struct pgrp **le_prev;
	} pg_hash;
	struct {
		struct proc *lh_first;
	} pg_members;
	struct session *pg_session;
	struct sigiolst pg_sigiolst;
	pid_t pg_id;
	struct mtx pg_mtx;
	int pg_flags;
	struct sx pg_killsx;
};
struct llentry_children_head {
	struct llentry *cslh_first;
};
struct llentry {
	struct {
		struct llentry *cle_next;
		struct llentry **cle_prev;
	} lle_next;
	union {
		struct in_addr addr4;
		struct in6_addr addr6;
	} r_l3addr;
	char r_linkdata[24];
	uint8_t r_hdrlen;
	uint8_t r_family;
	uint8_t spare0[2];
	uint16_t r_flags;
	uint16_t r_skip_req;
	struct lltable *lle_tbl;
	struct llentries *lle_head;
	void (*lle_free)(struct llentry *);
	struct mbuf *la_hold;
	int la_numheld;
	time_t la_expire;
	uint16_t la_flags;
	uint16_t la_asked;
	uint16_t la_preempt;
	int16_t ln_state;
	uint16_t ln_router;
	time_t ln_ntick;
	time_t lle_remtime;
	time_t lle_hittime;
	int lle_refcnt;
	char *ll_addr;
	struct llentry_children_head lle_children;
	struct {
		struct llentry *csle_next;
	} lle_child_next;
	struct llentry *lle_parent;
	struct {
		struct llentry *cle_next;
		struct llentry **cle_prev;
	} lle_chain;
	struct callout lle_timer;
	struct rwlock lle_lock;
	struct mtx req_mtx;
	struct epoch_context lle_epoch_ctx;
};
typedef int dumper_t(void *, void *, off_t, size_t);
typedef int dumper_start_t(struct dumperinfo *, void *, uint32_t);
typedef int dumper_hdr_t(struct dumperinfo *, struct kerneldumpheader *);
struct dumperinfo {
	dumper_t *dumper;
	dumper_start_t *dumper_start;
	dumper_hdr_t *dumper_hdr;
	void *priv;
	u_int blocksize;
	u_int maxiosize;
	off_t mediaoffset;
	off_t mediasize;
	void *blockbuf;
	off_t dumpoff;
	off_t origdumpoff;
	struct kerneldumpcrypto *kdcrypto;
	struct kerneldumpcomp *kdcomp;
	struct {
		struct dumperinfo *tqe_next;
		struct dumperinfo **tqe_prev;
	} di_next;
	char di_devname[0];
};
typedef struct _device *device_t;
struct ksiginfo {
	struct {
		struct ksiginfo *tqe_next;
		struct ksiginfo **tqe_prev;
	} ksi_link;
	siginfo_t ksi_info;
	int ksi_flags;
	struct sigqueue *ksi_sigq;
};
typedef struct ksiginfo ksiginfo_t;
typedef void __sighandler_t(int);
typedef __sighandler_t *sig_t;
struct sigacts {
	sig_t ps_sigact[128];
	sigset_t ps_catchmask[128];
	sigset_t ps_sigonstack;
	sigset_t ps_sigintr;
	sigset_t ps_sigreset;
	sigset_t ps_signodefer;
	sigset_t ps_siginfo;
	sigset_t ps_sigignore;
	sigset_t ps_sigcatch;
	sigset_t ps_freebsd4;
	sigset_t ps_osigset;
	sigset_t ps_usertramp;
	int ps_flag;
	u_int ps_refcnt;
	struct mtx ps_mtx;
};
struct kqlist {
	struct kqueue *tqh_first;
	struct kqueue **tqh_last;
};
struct filedesc {
	struct fdescenttbl *fd_files;
	u_long *fd_map;
	int fd_freefile;
	int fd_refcnt;
	int fd_holdcnt;
	struct sx fd_sx;
	struct kqlist fd_kqlist;
	int fd_holdleaderscount;
	int fd_holdleaderswakeup;
};
enum nameiop {
	LOOKUP = 0,
	CREATE = 1,
	DELETE = 2,
	RENAME = 3
};
struct componentname {
	u_int64_t cn_flags;
	struct ucred *cn_cred;
	enum nameiop cn_nameiop;
	int cn_lkflags;
	char *cn_pnbuf;
	char *cn_nameptr;
	long cn_namelen;
};
typedef struct cap_rights cap_rights_t;
struct cap_rights {
	uint64_t cr_rights[2];
};
struct filecaps {
	cap_rights_t fc_rights;
	u_long *fc_ioctls;
	int16_t fc_nioctls;
	uint32_t fc_fcntls;
};
struct nameicap_tracker_head {
	struct nameicap_tracker *tqh_first;
	struct nameicap_tracker **tqh_last;
};
struct nameidata {
	const char *ni_dirp;
	enum uio_seg ni_segflg;
	const cap_rights_t *ni_rightsneeded;
	struct vnode *ni_startdir;
	struct vnode *ni_rootdir;
	struct vnode *ni_topdir;
	int ni_dirfd;
	int ni_lcf;
	struct filecaps ni_filecaps;
	struct vnode *ni_vp;
	struct vnode *ni_dvp;
	u_int ni_resflags;
	u_short ni_debugflags;
	u_short ni_loopcnt;
	size_t ni_pathlen;
	char *ni_next;
	struct componentname ni_cnd;
	struct nameicap_tracker_head ni_cap_tracker;
	struct vnode *ni_rbeneath_dpp;
	struct mount *ni_nctrack_mnt;
	seqc_t ni_dvp_seqc;
	seqc_t ni_vp_seqc;
};
typedef __uint64_t __nlink_t;
typedef __nlink_t nlink_t;
typedef __uint64_t __dev_t;
typedef __dev_t dev_t;
typedef __uint64_t __ino_t;
typedef __ino_t ino_t;
typedef __uint64_t u_quad_t;
struct timespec {
	time_t tv_sec;
	long tv_nsec;
};
struct vattr {
	enum enum_vtype_uint8 va_type : 8;
	u_short va_mode;
	uint16_t va_bsdflags;
	uid_t va_uid;
	gid_t va_gid;
	nlink_t va_nlink;
	dev_t va_fsid;
	ino_t va_fileid;
	u_quad_t va_size;
	long va_blocksize;
	struct timespec va_atime;
	struct timespec va_mtime;
	struct timespec va_ctime;
	struct timespec va_birthtime;
	u_long va_gen;
	u_long va_flags;
	dev_t va_rdev;
	u_quad_t va_bytes;
	u_quad_t va_filerev;
	u_int va_vaflags;
	long va_spare;
};
struct in_ifaddr {
	struct ifaddr ia_ifa;
	u_long ia_subnet;
	u_long ia_subnetmask;
	struct {
		struct in_ifaddr *cle_next;
		struct in_ifaddr **cle_prev;
	} ia_hash;
	struct {
		struct in_ifaddr *cstqe_next;
	} ia_link;
	struct sockaddr_in ia_addr;
	struct sockaddr_in ia_dstaddr;
	struct sockaddr_in ia_sockmask;
	struct callout ia_garp_timer;
	int ia_garp_count;
};
struct sockaddr_un {
	unsigned char sun_len;
	sa_family_t sun_family;
	char sun_path[104];
};
struct linger {
	int l_onoff;
	int l_linger;
};
struct iovec {
	void *iov_base;
	size_t iov_len;
};
struct xucred {
	u_int cr_version;
	uid_t cr_uid;
	short cr_ngroups;
	union {
		struct {
			gid_t cr_gid;
			gid_t cr_sgroups[15];
		};
		gid_t cr_groups[16];
	};
	union {
		void *_cr_unused1;
		pid_t cr_pid;
	};
};
struct ip6_frag {
	u_int8_t ip6f_nxt;
	u_int8_t ip6f_reserved;
	u_int16_t ip6f_offlg;
	u_int32_t ip6f_ident;
};
struct ip_mfilter_head {
	struct in_mfilter *stqh_first;
	struct in_mfilter **stqh_last;
};
struct ip_moptions {
	struct ifnet *imo_multicast_ifp;
	struct in_addr imo_multicast_addr;
	u_long imo_multicast_vif;
	u_char imo_multicast_ttl;
	u_char imo_multicast_loop;
	struct ip_mfilter_head imo_head;
};
struct in6_addrlifetime {
	time_t ia6t_expire;
	time_t ia6t_preferred;
	u_int32_t ia6t_vltime;
	u_int32_t ia6t_pltime;
};
struct in6_ifaddr {
	struct ifaddr ia_ifa;
	struct sockaddr_in6 ia_addr;
	struct sockaddr_in6 ia_net;
	struct sockaddr_in6 ia_dstaddr;
	struct sockaddr_in6 ia_prefixmask;
	u_int32_t ia_plen;
	struct {
		struct in6_ifaddr *cstqe_next;
	} ia_link;
	int ia6_flags;
	struct in6_addrlifetime ia6_lifetime;
	time_t ia6_createtime;
	time_t ia6_updatetime;
	struct nd_prefix *ia6_ndpr;
	struct {
		struct in6_multi_mship *lh_first;
	} ia6_memberships;
	struct {
		struct in6_ifaddr *cle_next;
		struct in6_ifaddr **cle_prev;
	} ia6_hash;
};
struct radix_head {
	struct radix_node *rnh_treetop;
	struct radix_mask_head *rnh_masks;
};
typedef struct radix_node *rn_matchaddr_f_t(const void *, struct radix_head *);
typedef struct radix_node *rn_addaddr_f_t(void *, const void *, struct radix_head *, struct radix_node *);
typedef struct radix_node *rn_deladdr_f_t(const void *, const void *, struct radix_head *);
typedef struct radix_node *rn_lookup_f_t(const void *, const void *, struct radix_head *);
typedef int walktree_f_t(struct radix_node *, void *);
typedef int rn_walktree_t(struct radix_head *, walktree_f_t *, void *);
typedef int rn_walktree_from_t(struct radix_head *, void *, void *, walktree_f_t *, void *);
typedef int rnh_set_nh_pfxflags_f_t(u_int, const struct sockaddr *, const struct sockaddr *, struct nhop_object *);
struct radix_node {
	struct radix_mask *rn_mklist;
	struct radix_node *rn_parent;
	short rn_bit;
	char rn_bmask;
	u_char rn_flags;
	union {
		struct {
			caddr_t rn_Key;
			caddr_t rn_Mask;
			struct radix_node *rn_Dupedkey;
		} rn_leaf;
		struct {
			int rn_Off;
			struct radix_node *rn_L;
			struct radix_node *rn_R;
		} rn_node;
	} rn_u;
};
struct _cpuset {
	unsigned long __bits[16];
};
typedef struct _cpuset cpuset_t;
struct rmlock {
	struct lock_object lock_object;
	cpuset_t rm_writecpus;
	struct {
		struct rm_priotracker *lh_first;
	} rm_activeReaders;
	union {
		struct lock_object _rm_wlock_object;
		struct mtx _rm_lock_mtx;
		struct sx _rm_lock_sx;
	} _rm_lock;
};
struct radix_mask_head {
	struct radix_head head;
	struct radix_node mask_nodes[3];
};
typedef int rnh_augment_nh_f_t(u_int, struct nhop_object *);
struct rib_head {
	struct radix_head head;
	rn_matchaddr_f_t *rnh_matchaddr;
	rn_addaddr_f_t *rnh_addaddr;
	rn_deladdr_f_t *rnh_deladdr;
	rn_lookup_f_t *rnh_lookup;
	rn_walktree_t *rnh_walktree;
	rn_walktree_from_t *rnh_walktree_from;
	rnh_set_nh_pfxflags_f_t *rnh_set_nh_pfxflags;
	rt_gen_t rnh_gen;
	int rnh_multipath;
	struct radix_node rnh_nodes[3];
	struct rmlock rib_lock;
	struct radix_mask_head rmhead;
	struct vnet *rib_vnet;
	int rib_family;
	u_int rib_fibnum;
	struct callout expire_callout;
	time_t next_expire;
	uint32_t rnh_prefixes;
	rt_gen_t rnh_gen_rib;
	unsigned int rib_dying : 1;
	unsigned int rib_algo_fixed : 1;
	unsigned int rib_algo_init : 1;
	struct nh_control *nh_control;
	rnh_augment_nh_f_t *rnh_augment_nh;
	struct {
		struct rib_subscription *cstqh_first;
		struct rib_subscription **cstqh_last;
	} rnh_subscribers;
};
struct malloc_type_internal {
	uint32_t mti_probes[2];
	u_char mti_zone;
	struct malloc_type_stats *mti_stats;
	u_long mti_spare[8];
};
struct malloc_type {
	struct malloc_type *ks_next;
	u_long ks_version;
	const char *ks_shortdesc;
	struct malloc_type_internal ks_mti;
};
