/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of pf of FreeBSD 14 amd64 (1400507), what scripts look at of rules, at the places where
 * its own type data has them.
 */

struct pf_krule;
struct pf_kanchor;
union pf_krule_ptr {
	struct pf_krule *ptr;
	uint32_t nr;
};
struct pf_krule {
	char pad0[176];
	char label[5][64];
	char pad1[488];
	struct pf_kanchor *anchor;
	char pad2[152];
	uint32_t nr;
	char pad3[80];
	uint8_t action;
	char pad4[91];
};
struct pf_kstate {
	char pad0[176];
	union pf_krule_ptr rule;
	union pf_krule_ptr anchor;
	union pf_krule_ptr nat_rule;
	char pad1[152];
};
struct pf_kanchor {
	char pad0[64];
	char name[64];
	char path[1024];
	char pad1[592];
};
struct pf_kruleset {
	char pad0[560];
	struct pf_kanchor *anchor;
	char pad1[16];
};
