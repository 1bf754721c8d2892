/* SPDX-License-Identifier: BSD-2-Clause */
/* struct mbuf of FreeBSD 12.1, amd64 (sys/mbuf.h). */

struct m_tag {
	struct {
		struct m_tag *sle_next;
	} m_tag_link;
	uint16_t m_tag_id;
	uint16_t m_tag_len;
	uint32_t m_tag_cookie;
	void (*m_tag_free)(struct m_tag *);
};

struct pkthdr {
	union {
		void *snd_tag;
		struct ifnet *rcvif;
	};
	struct packet_tags {
		struct m_tag *slh_first;
	} tags;
	int32_t len;
	uint32_t flowid;
	uint32_t csum_flags;
	uint16_t fibnum;
	uint8_t cosqos;
	uint8_t rsstype;
	union {
		uint64_t rcv_tstmp;
		struct {
			uint8_t l2hlen;
			uint8_t l3hlen;
			uint8_t l4hlen;
			uint8_t l5hlen;
			uint32_t spare;
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
		uint8_t eight[8];
		uint16_t sixteen[4];
		uint32_t thirtytwo[2];
		uint64_t sixtyfour[1];
		uintptr_t unintptr[1];
		void *ptr;
	} PH_loc;
};

struct m_ext {
	union {
		u_int ext_count;
		u_int *ext_cnt;
	};
	char *ext_buf;
	uint32_t ext_size;
	uint32_t ext_type : 8, ext_flags : 24;
	void (*ext_free)(struct mbuf *);
	void *ext_arg1;
	void *ext_arg2;
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
	uint32_t m_type : 8, m_flags : 24;
	union {
		struct {
			struct pkthdr m_pkthdr;
			union {
				struct m_ext m_ext;
				char m_pktdat[0];
			};
		};
		char m_dat[0];
	};
};

struct bpf_if {
	void *bif_links[3];
	u_int bif_dlt;
	u_int bif_hdrlen;
	struct ifnet *bif_ifp;
	char bif_rest[56];
};
