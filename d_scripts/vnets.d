#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Packets by network stack (vnet) and interface
 *
 * The address is what `dtkit script --vnet` takes.
 *
 * Needs:    a stock FreeBSD 12 or later; root, as dtrace(1) does.
 * Run:      dtrace -s FILE            (^C ends it and prints the summary)
 *
 * Sample:
 * VNET               INTERFACE           PACKETS
 * 0xfffff80002046900 epair0a                  69
 * 0xfffff800026f2dc0 epair0b                 111
 * 0xfffff80002046900 lo0                     160
 */

#pragma D option quiet

fbt::ether_input:entry,
fbt::if_simloop:entry
{
	this->ifp = args[0];
}

fbt::ether_input:entry,
fbt::if_simloop:entry
/this->ifp != NULL/
{
	@packets[(uint64_t)this->ifp->if_vnet, stringof(this->ifp->if_xname)] = count();
}

END
{
	printf("%-18s %-16s %10s\n", "VNET", "INTERFACE", "PACKETS");
	printa("0x%-16x %-16s %@10d\n", @packets);
}
