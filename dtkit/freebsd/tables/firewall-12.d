/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of pf of FreeBSD 12.1, what scripts look at of rules: in the order in which it is there, and not
 * at its places, which nobody has measured.
 */

struct pf_rule;
struct pf_anchor;
union pf_rule_ptr {
	struct pf_rule *ptr;
	uint32_t nr;
};
struct pf_rule {
	char label[64];
	struct pf_anchor *anchor;
	uint32_t nr;
	uint8_t action;
	char pad0[523];
};
struct pf_state {
	union pf_rule_ptr rule;
	union pf_rule_ptr anchor;
	union pf_rule_ptr nat_rule;
};
struct pf_anchor {
	char name[64];
	char path[1024];
};
struct pf_ruleset {
	struct pf_anchor *anchor;
};
