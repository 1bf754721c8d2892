#!/usr/sbin/dtrace -s
/*
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * Edge cases of copyoutmbuf on one packet: run it on a patched kernel
 *
 * Each check says how often it ran and passed; both must be 1. A packet of one mbuf at
 * ip_input starts it: ping -c 1 127.0.0.1
 *
 * Needs:    a kernel and dtrace(1) with the copyoutmbuf subroutine (D 1.14); root, as dtrace(1) does.
 * Run:      dtrace -s FILE            (with traffic; it ends by itself)
 *
 * Sample:
 * a packet of 84 bytes
 * dtrace: error on enabled probe ID 16 (ID 24937: fbt:kernel:ip_input:entry): invalid address (0x0) in action #5 at DIF offset 44
 * dtrace: error on enabled probe ID 17 (ID 24937: fbt:kernel:ip_input:entry): out of scratch space in action #5 at DIF offset 32
 * ran 1  passed 1  an offset
 * ran 1  passed 1  an offset at the end is no error
 * ran 1  passed 1  an offset far past the end is no error
 * ran 1  passed 1  length 0 is everything
 * ran 1  passed 1  length 0 with an offset
 * ran 1  passed 1  mbuflen is the length of the chain
 * ran 1  passed 1  offset 0 is no offset
 * ran 1  passed 1  the first byte
 * ran 1  passed 1  the last of 40 bytes
 * ran 1  passed 1  the result is aligned to 8
 * ran 1  passed 1  zeros past the end
 * faulted as it must 1  NULL is refused
 * faulted as it must 1  more than all scratch memory is refused
 */

/* An older dtrace(1) refuses this by name, which is better than a puzzle further down. */
#pragma D option version=1.14
#pragma D option quiet
/* Each check is a clause: what one of them faults at does not stop the others. */
#pragma D option bufsize=4m

BEGIN
{
	checks = 0;
}

fbt::ip_input:entry
{
	this->m = (struct mbuf *)NULL;
	this->m = args[0];
}

/* Only a packet of one mbuf, so that the bytes to expect are at hand. */
fbt::ip_input:entry
/this->m != NULL && (checks != 0 || this->m->m_next != NULL || this->m->m_len < 40)/
{
	this->m = (struct mbuf *)NULL;
}

fbt::ip_input:entry
/this->m != NULL/
{
	checks = 1;
	this->len = (size_t)this->m->m_len;
	this->p = (uint8_t *)this->m->m_data;
	printf("a packet of %d bytes\n", this->len);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["mbuflen is the length of the chain"] = sum(mbuflen(this->m) == this->len ? 1 : 0);
	@ran["mbuflen is the length of the chain"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["the first byte"] = sum(*(uint8_t *)copyoutmbuf(this->m, 8) == this->p[0] ? 1 : 0);
	@ran["the first byte"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["the last of 40 bytes"] = sum(((uint8_t *)copyoutmbuf(this->m, 40))[39] == this->p[39] ? 1 : 0);
	@ran["the last of 40 bytes"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["an offset"] = sum(*(uint8_t *)copyoutmbuf(this->m, 8, 20) == this->p[20] ? 1 : 0);
	@ran["an offset"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["offset 0 is no offset"] = sum(*(uint64_t *)copyoutmbuf(this->m, 8, 0) == *(uint64_t *)copyoutmbuf(this->m, 8) ? 1 : 0);
	@ran["offset 0 is no offset"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["the result is aligned to 8"] = sum(((uint64_t)copyoutmbuf(this->m, 3) & 7) == 0 && ((uint64_t)copyoutmbuf(this->m, 5) & 7) == 0 ? 1 : 0);
	@ran["the result is aligned to 8"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["length 0 is everything"] = sum(((uint8_t *)copyoutmbuf(this->m, 0))[this->len - 1] == this->p[this->len - 1] ? 1 : 0);
	@ran["length 0 is everything"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["length 0 with an offset"] = sum(*(uint8_t *)copyoutmbuf(this->m, 0, this->len - 1) == this->p[this->len - 1] ? 1 : 0);
	@ran["length 0 with an offset"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["zeros past the end"] = sum(((uint8_t *)copyoutmbuf(this->m, this->len + 64))[this->len] == 0 && ((uint8_t *)copyoutmbuf(this->m, this->len + 64))[this->len + 63] == 0 ? 1 : 0);
	@ran["zeros past the end"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["an offset at the end is no error"] = sum(*(uint64_t *)copyoutmbuf(this->m, 8, this->len) == 0 ? 1 : 0);
	@ran["an offset at the end is no error"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	@passed["an offset far past the end is no error"] = sum(*(uint64_t *)copyoutmbuf(this->m, 8, 1000000) == 0 ? 1 : 0);
	@ran["an offset far past the end is no error"] = sum(1);
}

/* These must fault: the ERROR clause counts them. */
fbt::ip_input:entry
/this->m != NULL/
{
	@faulted["NULL is refused"] = sum(0);
	expect = 1;
	this->x = copyoutmbuf((struct mbuf *)NULL, 8);
	expect = 0;
}

fbt::ip_input:entry
/this->m != NULL/
{
	@faulted["more than all scratch memory is refused"] = sum(0);
	expect = 2;
	this->x = copyoutmbuf(this->m, 1 << 30);
	expect = 0;
}

ERROR
/expect == 1/
{
	@faulted["NULL is refused"] = sum(1);
}

ERROR
/expect == 2/
{
	@faulted["more than all scratch memory is refused"] = sum(1);
}

fbt::ip_input:entry
/this->m != NULL/
{
	exit(0);
}

END
{
	printa("ran %@d  passed %@d  %s\n", @ran, @passed);
	printa("faulted as it must %@d  %s\n", @faulted);
}
