/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What the D library of release 14 says of I/O: see strings.d. The io provider itself passes
 * struct bio and struct devstat as they are (dtrace_io(4)).
 */

typedef struct devinfo {
	int dev_major;
	int dev_minor;
	int dev_instance;
	int dev_type;
	string dev_name;
	string dev_statname;
	string dev_pathname;
} devinfo_t;

typedef struct bufinfo {
	int b_cmd;
	int b_flags;
	long b_bcount;
	caddr_t b_addr;
	uint64_t b_blkno;
	uint64_t b_lblkno;
	size_t b_resid;
	size_t b_bufsize;
	int b_error;
} bufinfo_t;

translator devinfo_t < struct devstat *p > {
	dev_major = p->device_number;
	dev_minor = p->unit_number;
	dev_instance = 0;
	dev_type = p->device_type;
	dev_name = stringof(p->device_name);
	dev_statname = stringof(p->device_name);
	dev_pathname = stringof(p->device_name);
};

translator bufinfo_t < struct bio *p > {
	b_cmd = p->bio_cmd;
	b_flags = p->bio_flags;
	b_bcount = p->bio_bcount;
	b_addr = p->bio_data;
	b_blkno = 0;
	b_lblkno = 0;
	b_resid = p->bio_resid;
	b_bufsize = 0;
	b_error = p->bio_error;
};

inline string device_if_string[int type] =
    type == 0 ? "ACCESS" :
    type == DEVSTAT_TYPE_IF_SCSI ? "SCSI" :
    type == DEVSTAT_TYPE_IF_IDE ? "IDE" :
    type == DEVSTAT_TYPE_IF_OTHER ? "OTHER" :
    strjoin("UNKNOWN(", strjoin(lltostr(type), ")"));

inline string device_if[int type] = device_if_string[type & DEVSTAT_TYPE_IF_MASK];
