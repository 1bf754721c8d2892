/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Types of modules of FreeBSD 14-STABLE amd64 that programs look at, by their own type data: of ipfw,
 * sctp and siftr, and what these hold.
 */

struct ipfw_rule_ref {
	uint32_t slot;
	uint32_t rulenum;
	uint32_t rule_id;
	uint32_t chain_id;
	uint32_t info;
	uint32_t pkt_mark;
	uint32_t spare[2];
};
struct ip_fw_nh6 {
	struct in6_addr sin6_addr;
	uint32_t sin6_scope_id;
	uint16_t sin6_port;
};
struct ipfw_flow_id {
	uint32_t dst_ip;
	uint32_t src_ip;
	uint16_t dst_port;
	uint16_t src_port;
	uint8_t fib;
	uint8_t proto;
	uint8_t _flags;
	uint8_t addr_type;
	struct in6_addr dst_ip6;
	struct in6_addr src_ip6;
	uint32_t flow_id6;
	uint32_t extra;
};
struct ip_fw_args {
	uint32_t flags;
	struct ipfw_rule_ref rule;
	struct ifnet *ifp;
	struct inpcb *inp;
	union {
		struct sockaddr_in *next_hop;
		struct sockaddr_in6 *next_hop6;
		struct sockaddr_in hopstore;
		struct ip_fw_nh6 hopstore6;
	};
	union {
		struct mbuf *m;
		void *mem;
	};
	struct ipfw_flow_id f_id;
};
struct ip_fw_jump_cache {
	union {
		struct {
			uint32_t id;
			uint32_t pos;
		};
		uint64_t raw_value;
	};
};
struct _ipfw_insn {
	u_int8_t opcode;
	u_int8_t len;
	u_int16_t arg1;
};
typedef struct _ipfw_insn ipfw_insn;
struct ip_fw {
	uint16_t act_ofs;
	uint16_t cmd_len;
	uint16_t rulenum;
	uint8_t set;
	uint8_t flags;
	counter_u64_t cntr;
	struct ip_fw_jump_cache cache;
	uint32_t timestamp;
	uint32_t id;
	uint32_t refcnt;
	struct ip_fw *next;
	ipfw_insn cmd[1];
};
