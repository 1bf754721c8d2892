/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Of pf of FreeBSD 15.1 amd64, what scripts look at of rules, at the places where its
 * own type data has them.
 */

struct pf_krule;
struct pf_kanchor;
struct pf_krule {
	char pad0[176];
	char label[5][64];
	char pad1[736];
	struct pf_kanchor *anchor;
	char pad2[156];
	uint32_t nr;
	char pad3[100];
	uint8_t action;
	char pad4[91];
};
struct pf_kstate {
	char pad0[176];
	struct pf_krule *rule;
	struct pf_krule *anchor;
	struct pf_krule *nat_rule;
	char pad1[184];
};
struct pf_kanchor {
	char pad0[64];
	char name[64];
	char path[1024];
	char pad1[512];
};
struct pf_kruleset {
	char pad0[480];
	struct pf_kanchor *anchor;
	char pad1[16];
};
