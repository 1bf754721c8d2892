/*-
 * SPDX-License-Identifier: BSD-2-Clause
 *
 * The inner loops of reading and writing, in C.
 *
 * Each function here is one of Python's, to the letter of its result: the
 * module that uses it has the same beside it, and says what it means.  Tests
 * compare the two.  Nothing here trusts its input.
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

/* Raised with every change of what a function takes or gives. */
#define	SPEEDUPS_VERSION	7

/* Columns of a row: its first byte, the blanks behind the hex, its text. */
#define	FIRST	11
#define	BLANKS	59
#define	TEXT	61
#define	ROW	78
#define	MOST_ROWS	256

/* No interface sends more at once: what is longer is cut or joined. */
#define	LONGEST_FRAME	9216

static const char header[] = "\n             "
    "0  1  2  3  4  5  6  7  8  9  a  b  c  d  e  f  0123456789abcdef\n";
#define	SEPARATOR	(sizeof(header) - 1)

static const char prefix[] = "@dtkit ";

/* The value of a hex digit; 16 for what is none. */
static unsigned char digits[256];

/*
 * The bytes of a dump from the text of its rows, or NULL where that is not as
 * dtrace(1) prints it.  There are so many rows, and so many bytes in the last.
 */
static PyObject *
dump_of(const char *text, Py_ssize_t rows, Py_ssize_t last)
{
	static const char blanks[BLANKS + 2 - FIRST] =
	    "                                                 ";
	static const char hex[] = "0123456789abcdef";
	const unsigned char *row = (const unsigned char *)text;
	unsigned char *out;
	PyObject *data;
	Py_ssize_t at, byte, width;
	unsigned char bad, high, low;

	data = PyBytes_FromStringAndSize(NULL, 16 * (rows - 1) + last);
	if (data == NULL)
		return (NULL);
	out = (unsigned char *)PyBytes_AS_STRING(data);
	for (at = 0; at < rows; at++, row += ROW) {
		width = at + 1 < rows ? 16 : last;
		if (memcmp(row, blanks, 7) != 0 ||
		    row[7] != (at < 16 ? ' ' : hex[at >> 4]) ||
		    row[8] != (at == 0 ? ' ' : hex[at & 15]) ||
		    row[9] != '0' || row[10] != ':')
			goto odd;
		bad = 0;
		for (byte = 0; byte < width; byte++) {
			const unsigned char *pair = row + FIRST + 3 * byte;

			high = digits[pair[1]];
			low = digits[pair[2]];
			bad |= (pair[0] ^ ' ') | ((high | low) & 16);
			*out++ = high << 4 | (low & 15);
		}
		if (bad != 0 || memcmp(row + FIRST + 3 * width, blanks,
		    BLANKS + 2 - FIRST - 3 * width) != 0)
			goto odd;
		/* Of what follows only where it ends counts. */
		if (memchr(row + TEXT, '\n', width) != NULL ||
		    row[TEXT + width] != '\n')
			goto odd;
	}
	return (data);
odd:
	Py_DECREF(data);
	return (NULL);
}

/* Put *item*, whose reference is taken over, into a list; -1 if it is NULL. */
static int
put(PyObject *list, Py_ssize_t index, PyObject *item)
{
	if (item == NULL)
		return (-1);
	PyList_SET_ITEM(list, index, item);
	return (0);
}

/* Where the next header is, with its newlines; *end* for none. */
static const char *
next_separator(const char *at, const char *end)
{
	while (end - at >= (Py_ssize_t)SEPARATOR) {
		at = memchr(at, '\n', end - at - (SEPARATOR - 1));
		if (at == NULL)
			break;
		if (memcmp(at, header, SEPARATOR) == 0)
			return (at);
		at++;
	}
	return (end);
}

static const char *
last_newline(const char *begin, const char *end)
{
	while (end > begin)
		if (*--end == '\n')
			return (end);
	return (NULL);
}

/*
 * What of a part opens the next dump: 0 for nothing, 1 for a frame behind an
 * empty line, 2 for an annotation, -1 where it is nothing regular.  *body* is
 * where the rows end, *text* to *until* what opens.
 */
static int
opener_of(const char *begin, const char *end, const char **body,
    const char **text, const char **until)
{
	const char *line = last_newline(begin, end);

	line = line == NULL ? begin : line + 1;
	*text = *until = end;
	*body = line;
	if (line < end) {
		if (line - begin < 2 || line[-2] != '\n')
			return (-1);
		*text = line;
		*body = line - 1;
		return (1);
	}
	if (line == begin)
		return (0);
	line = last_newline(begin, end - 1);
	line = line == NULL ? begin : line + 1;
	if (end - line < (Py_ssize_t)sizeof(prefix) - 1 ||
	    memcmp(line, prefix, sizeof(prefix) - 1) != 0)
		return (0);
	*body = *text = line;
	*until = end - 1;
	return (2);
}

PyDoc_STRVAR(split_doc,
"split(block, openers) -> starts, openers, texts, rows, dumps, reach\n\n"
"What dtkit.output.uniform.split_in_python() does.");

static PyObject *
speedups_split(PyObject *self, PyObject *args)
{
	PyObject *block, *kinds[3], *lists[6] = { NULL }, *empty = NULL;
	PyObject *known = NULL, *item, *result = NULL;
	PyObject **starts, **found, **dumps;
	const char *begin, *end, *at, *next, *body, *text, *until;
	Py_ssize_t count, index, rows, last, size, reach;
	int kind;

	(void)self;
	if (!PyArg_ParseTuple(args, "S(OOO)", &block, &kinds[0], &kinds[1],
	    &kinds[2]))
		return (NULL);
	begin = PyBytes_AS_STRING(block);
	end = begin + PyBytes_GET_SIZE(block);
	count = 1;
	for (at = begin; (next = next_separator(at, end)) != end;
	    at = next + SEPARATOR)
		count++;
	for (index = 0; index < 6; index++)
		if ((lists[index] = PyList_New(count)) == NULL)
			goto done;
	if ((empty = PyBytes_FromStringAndSize(NULL, 0)) == NULL)
		goto done;
	for (at = begin, index = 0; index < count; index++) {
		next = next_separator(at, end);
		kind = -1;
		body = text = until = next;
		if (count > 2 && index + 1 < count)
			kind = opener_of(at, next, &body, &text, &until);
		if (put(lists[0], index, PyLong_FromSsize_t(at - begin)) != 0)
			goto done;
		item = kind < 0 ? Py_None : kinds[kind];
		Py_INCREF(item);
		(void)put(lists[1], index, item);
		size = until - text;
		if (size == 0)
			Py_INCREF(item = empty);
		else if (known != NULL && PyBytes_GET_SIZE(known) == size &&
		    memcmp(PyBytes_AS_STRING(known), text, size) == 0)
			Py_INCREF(item = known);
		else if ((item = PyBytes_FromStringAndSize(text, size)) != NULL)
			known = item;
		if (put(lists[2], index, item) != 0)
			goto done;
		size = body - at;
		rows = (size + ROW - 1) / ROW;
		last = size - ROW * (rows - 1) - TEXT - 1;
		if (kind < 0 || index == 0 || size == 0 || rows > MOST_ROWS ||
		    last < 1)
			rows = 0;
		if (put(lists[3], index, PyLong_FromSsize_t(rows)) != 0)
			goto done;
		item = rows == 0 ? NULL : dump_of(at, rows, last);
		if (item == NULL) {
			if (PyErr_Occurred())
				goto done;
			Py_INCREF(item = Py_None);
		}
		(void)put(lists[4], index, item);
		at = next + SEPARATOR;
	}
	found = PySequence_Fast_ITEMS(lists[1]);
	dumps = PySequence_Fast_ITEMS(lists[4]);
	starts = PySequence_Fast_ITEMS(lists[5]);
	for (index = count - 1, reach = index; index >= 0; index--) {
		if (index + 1 == count || dumps[index + 1] == Py_None ||
		    found[index + 1] != found[index])
			reach = index;
		/* Of a run all have the number that stands at its end. */
		if (reach != index) {
			item = starts[index + 1];
			Py_INCREF(item);
		} else
			item = PyLong_FromSsize_t(reach);
		if (put(lists[5], index, item) != 0)
			goto done;
	}
	result = PyTuple_Pack(6, lists[0], lists[1], lists[2], lists[3],
	    lists[4], lists[5]);
done:
	for (index = 0; index < 6; index++)
		Py_XDECREF(lists[index]);
	Py_XDECREF(empty);
	return (result);
}

/*
 * The value that *text* is, or NULL where it is not written so: 'd' and 'x'
 * for numbers, as printf() writes them, else a word.  The same word as *known*
 * is the same object.
 */
static PyObject *
value_of(const char *text, Py_ssize_t size, int kind, PyObject *known)
{
	unsigned long long number = 0;
	Py_ssize_t at = 0;

	switch (kind) {
	case 'd':
		if (size > 1 && text[0] == '-')
			at = 1;
		if (size - at < 1 || size - at > 18 ||
		    (text[at] == '0' && size > 1))
			return (NULL);
		for (; at < size; at++) {
			if (text[at] < '0' || text[at] > '9')
				return (NULL);
			number = 10 * number + (text[at] - '0');
		}
		return (PyLong_FromLongLong(text[0] == '-' ?
		    -(long long)number : (long long)number));
	case 'x':
		if (size < 3 || size > 18 || text[0] != '0' || text[1] != 'x' ||
		    (text[2] == '0' && size > 3))
			return (NULL);
		for (at = 2; at < size; at++) {
			if ((text[at] < '0' || text[at] > '9') &&
			    (text[at] < 'a' || text[at] > 'f'))
				return (NULL);
			number = number << 4 | digits[(unsigned char)text[at]];
		}
		return (PyLong_FromUnsignedLongLong(number));
	default:
		for (; at < size; at++)
			if (text[at] < '!' || text[at] > '~')
				return (NULL);
		if (known != NULL && PyUnicode_GET_LENGTH(known) == size &&
		    memcmp(PyUnicode_1BYTE_DATA(known), text, size) == 0) {
			Py_INCREF(known);
			return (known);
		}
		return (PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, text,
		    size));
	}
}

PyDoc_STRVAR(columns_doc,
"columns(lines, words, kinds) -> list | None\n\n"
"What dtkit.output.uniform.columns_in_python() does.");

static PyObject *
speedups_columns(PyObject *self, PyObject *args)
{
	PyObject *lines, *words, *columns = NULL, *item, *known;
	PyObject *result = NULL;
	const char *kinds, *at, *end, *next, *word;
	Py_ssize_t count, fields, field, index, size;

	(void)self;
	if (!PyArg_ParseTuple(args, "O!O!s#", &PyList_Type, &lines,
	    &PyTuple_Type, &words, &kinds, &fields))
		return (NULL);
	count = PyList_GET_SIZE(lines);
	if (PyTuple_GET_SIZE(words) != fields) {
		PyErr_SetString(PyExc_ValueError, "a kind for each word");
		return (NULL);
	}
	for (field = 0; field < fields; field++)
		if (!PyBytes_Check(PyTuple_GET_ITEM(words, field)))
			goto wrong;
	if ((columns = PyList_New(fields)) == NULL)
		return (NULL);
	for (field = 0; field < fields; field++)
		if (put(columns, field, PyList_New(count)) != 0)
			goto done;
	for (index = 0; index < count; index++) {
		item = PyList_GET_ITEM(lines, index);
		if (!PyBytes_Check(item))
			goto wrong;
		at = PyBytes_AS_STRING(item);
		end = at + PyBytes_GET_SIZE(item);
		for (field = 0; field < fields; field++) {
			/* The word in front of a value: " name=". */
			item = PyTuple_GET_ITEM(words, field);
			word = PyBytes_AS_STRING(item);
			size = PyBytes_GET_SIZE(item);
			if (end - at < size || memcmp(at, word, size) != 0)
				goto other;
			at += size;
			next = memchr(at, ' ', end - at);
			if (next == NULL || field + 1 == fields)
				next = end;
			size = next - at;
			/* Most are as in the line before. */
			known = index == 0 ? NULL : PyList_GET_ITEM(
			    PyList_GET_ITEM(columns, field), index - 1);
			item = value_of(at, size, kinds[field], known);
			if (item == NULL && PyErr_Occurred())
				goto done;
			if (item == NULL)
				goto other;
			(void)put(PyList_GET_ITEM(columns, field), index, item);
			at = next;
		}
		if (at != end)
			goto other;
	}
	Py_INCREF(result = columns);
	goto done;
other:
	Py_INCREF(result = Py_None);
done:
	Py_XDECREF(columns);
	return (result);
wrong:
	Py_XDECREF(columns);
	PyErr_SetString(PyExc_TypeError, "bytes are wanted");
	return (NULL);
}

static unsigned int
get16(const unsigned char *at)
{
	return ((unsigned int)at[0] << 8 | at[1]);
}

/* Next headers that make an IPv6 header believable, as linktype.py has them. */
static const unsigned char next_headers[] = {
    0, 4, 6, 17, 41, 43, 44, 47, 50, 51, 58, 59, 60, 103, 132, 135
};

/* Whether bytes are IP, as _is_ip() of linktype.py says; *length* is -1 for None. */
static int
is_ip(const unsigned char *data, Py_ssize_t size, Py_ssize_t length)
{
	Py_ssize_t header, total, at;
	uint32_t sum = 0;
	int summed;

	if (size < 20)
		return (0);
	if (data[0] >> 4 == 6 && size >= 40) {
		if (length >= 0)
			return ((Py_ssize_t)get16(data + 4) + 40 == length);
		return (memchr(next_headers, data[6], sizeof(next_headers)) !=
		    NULL);
	}
	if (data[0] >> 4 != 4)
		return (0);
	header = (data[0] & 15) * 4;
	total = get16(data + 2);
	summed = get16(data + 10) != 0;
	if (length < 0) {
		if (header < 20 || (total > 0 && total < header))
			return (0);
		if (size < header || !summed)
			return (1);
	} else {
		if (header < 20 || header > total || header > size ||
		    total > length)
			return (0);
		if (total == length && !summed)
			return (1);
	}
	for (at = 0; at < header; at += 2)
		sum += get16(data + at);
	return (sum % 0xffff == 0);
}

/* Whether bytes can be a header of that protocol of IP. */
static int
is_transport(const unsigned char *data, Py_ssize_t size, long number)
{
	if (number == 6)
		return (size >= 20 && data[12] >> 4 >= 5);
	if (number == 17)
		return (size >= 8 && (data[4] << 8 | data[5]) >= 8);
	return (size >= 4);
}

PyDoc_STRVAR(layers_doc,
"layers(packets, versions, number) -> bytes\n\n"
"What dtkit.packets.linktype.layers_in_python() does.");

static PyObject *
speedups_layers(PyObject *self, PyObject *args)
{
	PyObject *given, *packets, *result = NULL, *item;
	const unsigned char *data;
	Py_ssize_t count, index, size;
	long versions, number;
	int version, agrees;
	char *found;

	(void)self;
	if (!PyArg_ParseTuple(args, "Oll", &given, &versions, &number))
		return (NULL);
	if ((packets = PySequence_Fast(given, "a sequence is wanted")) == NULL)
		return (NULL);
	count = PySequence_Fast_GET_SIZE(packets);
	if ((result = PyBytes_FromStringAndSize(NULL, count)) == NULL)
		goto done;
	found = PyBytes_AS_STRING(result);
	for (index = 0; index < count; index++) {
		item = PySequence_Fast_GET_ITEM(packets, index);
		if (!PyBytes_Check(item)) {
			PyErr_SetString(PyExc_TypeError, "bytes are wanted");
			Py_CLEAR(result);
			goto done;
		}
		data = (const unsigned char *)PyBytes_AS_STRING(item);
		size = PyBytes_GET_SIZE(item);
		version = size > 0 ? data[0] >> 4 : 0;
		agrees = versions >> version & 1;
		if (agrees && (size < 20 ||
		    data[version == 4 ? 9 : 6] == number ||
		    is_ip(data, size, -1)))
			found[index] = 0;
		else if (is_transport(data, size, number))
			found[index] = 1;
		else
			found[index] = agrees ? 0 : 2;
	}
done:
	Py_DECREF(packets);
	return (result);
}

PyDoc_STRVAR(sniffed_doc,
"sniffed(data, length) -> int\n\n"
"What dtkit.packets.linktype.sniffed_in_python() does.");

static PyObject *
speedups_sniffed(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	const unsigned char *data;
	Py_ssize_t size, length = -1;
	unsigned int type;
	long found = 0;

	(void)self;
	if (count != 2 || !PyBytes_Check(args[0])) {
		PyErr_SetString(PyExc_TypeError, "bytes and a length are wanted");
		return (NULL);
	}
	data = (const unsigned char *)PyBytes_AS_STRING(args[0]);
	size = PyBytes_GET_SIZE(args[0]);
	if (args[1] != Py_None) {
		/* One that is too large for C is as large as any. */
		length = PyNumber_AsSsize_t(args[1], NULL);
		if (length == -1 && PyErr_Occurred())
			return (NULL);
		if (length < size)
			length = size;
	}
	if (is_ip(data, size, length))
		found = 1;
	else if (size >= 6 && memcmp(data, "\0\1\x08\0\6\4", 6) == 0)
		found = 2;
	else if (size >= 15) {
		type = get16(data + 12);
		if (type == 0x0806 || type == 0x8100 ||
		    (type == 0x0800 && data[14] >> 4 == 4) ||
		    (type == 0x86dd && data[14] >> 4 == 6))
			found = 3;
	}
	return (PyLong_FromLong(found));
}

PyDoc_STRVAR(claimed_lengths_doc,
"claimed_lengths(packets, starts) -> list\n\n"
"What dtkit.packets.linktype.claimed_in_python() does.");

static PyObject *
speedups_claimed_lengths(PyObject *self, PyObject *args)
{
	PyObject *given[2], *packets, *starts = NULL, *result = NULL, *item;
	const unsigned char *data;
	Py_ssize_t count, index, size, start, claimed;
	int kind;

	(void)self;
	if (!PyArg_ParseTuple(args, "OO", &given[0], &given[1]))
		return (NULL);
	packets = PySequence_Fast(given[0], "a sequence is wanted");
	if (packets == NULL)
		return (NULL);
	starts = PySequence_Fast(given[1], "a sequence is wanted");
	if (starts == NULL)
		goto done;
	count = PySequence_Fast_GET_SIZE(packets);
	if (PySequence_Fast_GET_SIZE(starts) != count) {
		PyErr_SetString(PyExc_ValueError, "sequences differ in length");
		goto done;
	}
	if ((result = PyList_New(count)) == NULL)
		goto done;
	for (index = 0; index < count; index++) {
		item = PySequence_Fast_GET_ITEM(packets, index);
		if (!PyBytes_Check(item)) {
			PyErr_SetString(PyExc_TypeError, "bytes are wanted");
			goto failed;
		}
		start = PyLong_AsSsize_t(PySequence_Fast_GET_ITEM(starts,
		    index));
		if (start == -1 && PyErr_Occurred())
			goto failed;
		data = (const unsigned char *)PyBytes_AS_STRING(item);
		size = claimed = PyBytes_GET_SIZE(item);
		kind = 0;
		if (start == 0 && size > 0)
			kind = data[0] >> 4;
		else if (start > 1 && size >= start) {
			kind = data[start - 2] << 8 | data[start - 1];
			kind = kind == 0x0800 ? 4 : kind == 0x86dd ? 6 : 0;
		}
		if (kind == 4 && size >= start + 4)
			claimed = start + (data[start + 2] << 8 |
			    data[start + 3]);
		else if (kind == 6 && size >= start + 6)
			claimed = start + 40 + (data[start + 4] << 8 |
			    data[start + 5]);
		if (put(result, index, PyLong_FromSsize_t(claimed > size ?
		    claimed : size)) != 0)
			goto failed;
	}
	goto done;
failed:
	Py_CLEAR(result);
done:
	Py_DECREF(packets);
	Py_XDECREF(starts);
	return (result);
}

static char *
put_number(char *at, uint32_t number)
{
	/* Little-endian, whatever the machine is. */
	at[0] = (char)number;
	at[1] = (char)(number >> 8);
	at[2] = (char)(number >> 16);
	at[3] = (char)(number >> 24);
	return (at + 4);
}

/*
 * The front of a packet's block, up to its options, with so many of its bytes:
 * lengths are without the prefix.
 */
static char *
put_front(char *at, uint32_t size, unsigned long interface,
    unsigned long long time, PyObject *prefix, PyObject *data,
    Py_ssize_t captured, uint32_t length)
{
	Py_ssize_t front = PyBytes_GET_SIZE(prefix);

	at = put_number(at, 6);
	at = put_number(at, size);
	at = put_number(at, (uint32_t)interface);
	at = put_number(at, (uint32_t)(time >> 32));
	at = put_number(at, (uint32_t)time);
	at = put_number(at, (uint32_t)(front + captured));
	at = put_number(at, (uint32_t)front + length);
	memcpy(at, PyBytes_AS_STRING(prefix), front);
	at += front;
	memcpy(at, PyBytes_AS_STRING(data), captured);
	at += captured;
	for (captured += front; captured % 4 != 0; captured++)
		*at++ = 0;
	return (at);
}

PyDoc_STRVAR(packet_blocks_doc,
"packet_blocks(kinds, timestamps, data, lengths, options) -> bytes\n\n"
"What dtkit.packets.pcapng.packet_blocks_in_python() does.");

/* What a packet's kind says: interface, prefix and options; -1 if it does not. */
static int
kind_of(PyObject *kind, PyObject *own, unsigned long *interface,
    PyObject **prefix, PyObject **options)
{
	if (!PyTuple_Check(kind) || PyTuple_GET_SIZE(kind) < 3)
		goto wrong;
	*prefix = PyTuple_GET_ITEM(kind, 1);
	*options = own != NULL ? own : PyTuple_GET_ITEM(kind, 2);
	if (!PyBytes_Check(*prefix) || !PyBytes_Check(*options))
		goto wrong;
	*interface = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(kind, 0));
	return (*interface == (unsigned long)-1 && PyErr_Occurred() ? -1 : 0);
wrong:
	PyErr_SetString(PyExc_TypeError,
	    "a number and bytes are wanted of a kind");
	return (-1);
}

static PyObject *
speedups_packet_blocks(PyObject *self, PyObject *args)
{
	PyObject *given[5], *lists[5] = { NULL }, *result = NULL, *item = NULL;
	PyObject *prefix, *options, **columns[5] = { NULL };
	Py_ssize_t count = 0, index, total = 0, front, captured, said;
	unsigned long long time;
	unsigned long interface;
	long long length;
	uint32_t size;
	int overflow;
	char *at;

	(void)self;
	if (!PyArg_ParseTuple(args, "OOOOO", &given[0], &given[1], &given[2],
	    &given[3], &given[4]))
		return (NULL);
	for (index = 0; index < 5; index++) {
		if (index == 4 && given[4] == Py_None)
			break;	/* those of the kinds */
		lists[index] = PySequence_Fast(given[index],
		    "sequences are wanted");
		if (lists[index] == NULL)
			goto done;
		if (index == 0)
			count = PySequence_Fast_GET_SIZE(lists[0]);
		else if (PySequence_Fast_GET_SIZE(lists[index]) != count) {
			PyErr_SetString(PyExc_ValueError,
			    "sequences differ in length");
			goto done;
		}
		columns[index] = PySequence_Fast_ITEMS(lists[index]);
	}
	for (index = 0; index < count; index++) {
		if (kind_of(columns[0][index], columns[4] == NULL ? NULL :
		    columns[4][index], &interface, &prefix, &options) != 0)
			goto done;
		if (!PyBytes_Check(columns[2][index])) {
			PyErr_SetString(PyExc_TypeError, "bytes are wanted");
			goto done;
		}
		front = PyBytes_GET_SIZE(prefix);
		captured = PyBytes_GET_SIZE(columns[2][index]);
		said = PyBytes_GET_SIZE(options);
		if (captured > (1 << 30) || front > (1 << 20) ||
		    said > (1 << 26) || total > PY_SSIZE_T_MAX / 2) {
			PyErr_SetString(PyExc_OverflowError,
			    "more than a block holds");
			goto done;
		}
		total += 32 + ((front + captured + 3) & ~(Py_ssize_t)3) + said;
	}
	if ((item = PyBytes_FromStringAndSize(NULL, total)) == NULL)
		goto done;
	at = PyBytes_AS_STRING(item);
	for (index = 0; index < count; index++) {
		(void)kind_of(columns[0][index], columns[4] == NULL ? NULL :
		    columns[4][index], &interface, &prefix, &options);
		front = PyBytes_GET_SIZE(prefix);
		captured = PyBytes_GET_SIZE(columns[2][index]);
		said = PyBytes_GET_SIZE(options);
		time = PyLong_AsUnsignedLongLongMask(columns[1][index]);
		length = PyLong_AsLongLongAndOverflow(columns[3][index],
		    &overflow);
		if (PyErr_Occurred()) {
			Py_DECREF(item);
			goto done;
		}
		if (overflow < 0 || length < captured)
			length = captured;
		if (overflow > 0 || length > UINT32_MAX - front)
			length = UINT32_MAX - front;
		size = (uint32_t)(32 + ((front + captured + 3) &
		    ~(Py_ssize_t)3) + said);
		at = put_front(at, size, interface, time, prefix,
		    columns[2][index], captured, (uint32_t)length);
		memcpy(at, PyBytes_AS_STRING(options), said);
		at = put_number(at + said, size);
	}
	result = item;
done:
	for (index = 0; index < 5; index++)
		Py_XDECREF(lists[index]);
	return (result);
}

/* The bytes of plain text that stands in an option as it is, or NULL. */
static const char *
plain_of(PyObject *text, Py_ssize_t most, Py_ssize_t *size)
{
	const char *bytes;

	if (!PyUnicode_Check(text) || !PyUnicode_IS_ASCII(text))
		return (NULL);
	*size = PyUnicode_GET_LENGTH(text);
	bytes = (const char *)PyUnicode_1BYTE_DATA(text);
	if (*size > most || memchr(bytes, 0, *size) != NULL)
		return (NULL);
	return (bytes);
}

/* An option: its code, its length, what stands in front of its text, the text, and padding. */
static char *
put_option(char *at, unsigned code, const char *front, Py_ssize_t first,
    const char *text, Py_ssize_t size)
{
	Py_ssize_t length = first + size;

	at = put_number(at, code | (uint32_t)length << 16);
	memcpy(at, front, first);
	memcpy(at + first, text, size);
	at += length;
	for (; length % 4 != 0; length++)
		*at++ = 0;
	return (at);
}

PyDoc_STRVAR(packet_options_doc,
"packet_options(comment, direction, number, metadata, front) -> bytes | None\n\n"
"What dtkit.packets.pcapng.options_in_python() does with plain text; None\n"
"for other text.");

#define	PADDED(size)	(4 + (((size) + 3) & ~(Py_ssize_t)3))

static PyObject *
speedups_packet_options(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	const char *comment, *metadata = NULL;
	unsigned long long number = 0;
	Py_ssize_t said, known = 0, first = 0, total;
	PyObject *result;
	char value[8], *front = NULL, *at;
	unsigned long direction;

	(void)self;
	if (count != 5) {
		PyErr_SetString(PyExc_TypeError, "five arguments are wanted");
		return (NULL);
	}
	direction = PyLong_AsUnsignedLong(args[1]);
	if (args[2] != Py_None)
		number = PyLong_AsUnsignedLongLongMask(args[2]);
	if (PyErr_Occurred())
		return (NULL);
	comment = plain_of(args[0], 0xfffc, &said);
	if (comment == NULL)
		Py_RETURN_NONE;
	if (args[3] != Py_None) {
		if (PyBytes_AsStringAndSize(args[4], &front, &first) != 0)
			return (NULL);
		metadata = plain_of(args[3], 65000, &known);
		if (metadata == NULL || first > 500)
			Py_RETURN_NONE;
	}
	total = 4 + (said > 0 ? PADDED(said) : 0) + (direction != 0 ? 8 : 0) +
	    (args[2] != Py_None ? 12 : 0) +
	    (metadata != NULL ? PADDED(first + known) : 0);
	if (total == 4)
		return (PyBytes_FromStringAndSize(NULL, 0));
	if ((result = PyBytes_FromStringAndSize(NULL, total)) == NULL)
		return (NULL);
	at = PyBytes_AS_STRING(result);
	if (said > 0)
		at = put_option(at, 1, "", 0, comment, said);
	if (direction != 0) {
		(void)put_number(value, (uint32_t)direction);
		at = put_option(at, 2, value, 4, "", 0);
	}
	if (args[2] != Py_None) {
		(void)put_number(put_number(value, (uint32_t)number),
		    (uint32_t)(number >> 32));
		at = put_option(at, 5, value, 8, "", 0);
	}
	if (metadata != NULL)
		at = put_option(at, 2988, front, first, metadata, known);
	(void)put_number(at, 0);
	return (result);
}

/*
 * Text in pieces, one behind the other; where one is None, the packet's own
 * stands, of which the next is taken, and may be in pieces itself.  The piece,
 * or NULL where there is no other.
 */
static PyObject *
piece_of(PyObject *pieces, Py_ssize_t index, PyObject *own, Py_ssize_t *next)
{
	PyObject *piece = PyTuple_GET_ITEM(pieces, index);

	if (piece != Py_None)
		return (piece);
	if (*next >= PyTuple_GET_SIZE(own))
		return (NULL);
	return (PyTuple_GET_ITEM(own, (*next)++));
}

/* How long such a text is; -1 where it does not stand in an option as it is. */
static Py_ssize_t
pieces_size(PyObject *pieces, PyObject *own, Py_ssize_t *next, Py_ssize_t most)
{
	Py_ssize_t index, inner, size, total = 0;
	PyObject *piece;

	if (!PyTuple_Check(pieces))
		return (-1);
	for (index = 0; index < PyTuple_GET_SIZE(pieces); index++) {
		piece = piece_of(pieces, index, own, next);
		if (piece != NULL && PyTuple_Check(piece)) {
			for (inner = 0; inner < PyTuple_GET_SIZE(piece);
			    inner++) {
				if (plain_of(PyTuple_GET_ITEM(piece, inner),
				    most - total, &size) == NULL)
					return (-1);
				total += size;
			}
			continue;
		}
		if (piece == NULL ||
		    plain_of(piece, most - total, &size) == NULL)
			return (-1);
		total += size;
	}
	return (total);
}

static char *
put_plain(char *at, PyObject *text)
{
	Py_ssize_t size = PyUnicode_GET_LENGTH(text);

	memcpy(at, PyUnicode_1BYTE_DATA(text), size);
	return (at + size);
}

/* The same as an option, of that many bytes. */
static char *
put_pieces(char *at, unsigned code, const char *front, Py_ssize_t first,
    PyObject *pieces, Py_ssize_t total, PyObject *own, Py_ssize_t *next)
{
	Py_ssize_t index, inner;
	PyObject *piece;

	at = put_number(at, code | (uint32_t)(first + total) << 16);
	memcpy(at, front, first);
	at += first;
	for (index = 0; index < PyTuple_GET_SIZE(pieces); index++) {
		piece = piece_of(pieces, index, own, next);
		if (!PyTuple_Check(piece)) {
			at = put_plain(at, piece);
			continue;
		}
		for (inner = 0; inner < PyTuple_GET_SIZE(piece); inner++)
			at = put_plain(at, PyTuple_GET_ITEM(piece, inner));
	}
	for (total += first; total % 4 != 0; total++)
		*at++ = 0;
	return (at);
}

/* A packet that is to be written; all but numbers is borrowed. */
struct packet {
	PyObject *comment, *metadata, *own, *prefix, *data;
	unsigned long interface, direction;
	unsigned long long time;
	Py_ssize_t said, known, options, captured;
	Py_ssize_t taken;	/* of its own texts, by the comment */
	uint32_t length;
};

/* Look at what is given of one: 0, or 1 where Python has to write it, or -1. */
static int
take_packet(struct packet *one, PyObject *kind, PyObject *own, PyObject *time,
    PyObject *data, PyObject *length, Py_ssize_t first, Py_ssize_t largest)
{
	PyObject *stencil;
	Py_ssize_t next = 0, front;
	long long whole = 0, when;
	int overflow = 0;

	if (!PyTuple_Check(kind) || PyTuple_GET_SIZE(kind) != 4 ||
	    !PyTuple_Check(stencil = PyTuple_GET_ITEM(kind, 2)) ||
	    PyTuple_GET_SIZE(stencil) != 3 || !PyTuple_Check(own) ||
	    !PyBytes_Check(data) ||
	    !PyBytes_Check(one->prefix = PyTuple_GET_ITEM(kind, 1))) {
		PyErr_SetString(PyExc_TypeError,
		    "stencils, texts and bytes are wanted");
		return (-1);
	}
	one->own = own;
	one->data = data;
	one->comment = PyTuple_GET_ITEM(stencil, 1);
	one->metadata = PyTuple_GET_ITEM(stencil, 2);
	one->interface = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(kind, 0));
	one->direction = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(stencil, 0));
	if (PyTuple_GET_ITEM(kind, 3) != Py_None)
		time = PyTuple_GET_ITEM(kind, 3);
	when = PyLong_AsLongLongAndOverflow(time, &overflow);
	if (overflow != 0)
		return (1);
	one->time = when < 0 ? 0 : (unsigned long long)when;
	if (length != Py_None)
		whole = PyLong_AsLongLongAndOverflow(length, &overflow);
	if (PyErr_Occurred())
		return (-1);
	front = PyBytes_GET_SIZE(one->prefix);
	one->captured = PyBytes_GET_SIZE(data);
	if (one->captured > (1 << 30) || front > largest)
		return (1);
	if (overflow < 0 || whole < one->captured)
		whole = one->captured;
	if (overflow > 0 || whole > UINT32_MAX - front)
		whole = UINT32_MAX - front;
	one->length = (uint32_t)whole;
	if (one->captured > largest - front)
		one->captured = largest - front;
	one->said = pieces_size(one->comment, own, &next, 0xfffc);
	one->taken = next;
	one->known = pieces_size(one->metadata, own, &next, 65000);
	if (one->said < 0 || one->known < 0)
		return (1);
	one->options = 4 + 12 + (one->said > 0 ? PADDED(one->said) : 0) +
	    (one->direction != 0 ? 8 : 0) + PADDED(first + one->known);
	return (0);
}

/* The block of one. */
static char *
put_packet(char *at, const struct packet *one, const char *number,
    const char *front, Py_ssize_t first)
{
	Py_ssize_t next = 0, size = PyBytes_GET_SIZE(one->prefix);
	uint32_t total;
	char direction[4];

	total = (uint32_t)(32 + ((size + one->captured + 3) &
	    ~(Py_ssize_t)3) + one->options);
	at = put_front(at, total, one->interface, one->time, one->prefix,
	    one->data, one->captured, one->length);
	if (one->said > 0)
		at = put_pieces(at, 1, "", 0, one->comment, one->said,
		    one->own, &next);
	if (one->direction != 0) {
		(void)put_number(direction, (uint32_t)one->direction);
		at = put_option(at, 2, direction, 4, "", 0);
	}
	at = put_option(at, 5, number, 8, "", 0);
	next = one->taken;	/* an empty comment is not written */
	at = put_pieces(at, 2988, front, first, one->metadata, one->known,
	    one->own, &next);
	return (put_number(put_number(at, 0), total));
}

PyDoc_STRVAR(stencil_blocks_doc,
"stencil_blocks(number, time, kinds, own, data, lengths, front, largest)\n"
"    -> bytes | None\n\n"
"What dtkit.packets.pcapng.stencil_blocks_in_python() does with plain text;\n"
"None for other text.");

#define	MOST_PACKETS	256

static PyObject *
speedups_stencil_blocks(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	struct packet packets[MOST_PACKETS];
	Py_ssize_t number, index, total = 0, first, largest;
	unsigned long long journey;
	PyObject *result;
	char id[8], *front, *at;
	int left;

	(void)self;
	if (count != 8) {
		PyErr_SetString(PyExc_TypeError, "eight arguments are wanted");
		return (NULL);
	}
	journey = PyLong_AsUnsignedLongLongMask(args[0]);
	largest = PyLong_AsSsize_t(args[7]);
	if (PyErr_Occurred() ||
	    PyBytes_AsStringAndSize(args[6], &front, &first) != 0)
		return (NULL);
	for (index = 2; index < 6; index++) {
		if (!PyList_Check(args[index]) || PyList_GET_SIZE(
		    args[index]) != PyList_GET_SIZE(args[2])) {
			PyErr_SetString(PyExc_TypeError,
			    "lists of one length are wanted");
			return (NULL);
		}
	}
	number = PyList_GET_SIZE(args[2]);
	if (number > MOST_PACKETS || first > 500)
		Py_RETURN_NONE;
	for (index = 0; index < number; index++) {
		left = take_packet(&packets[index],
		    PyList_GET_ITEM(args[2], index),
		    PyList_GET_ITEM(args[3], index), args[1],
		    PyList_GET_ITEM(args[4], index),
		    PyList_GET_ITEM(args[5], index), first, largest);
		if (left < 0)
			return (NULL);
		if (left > 0)
			Py_RETURN_NONE;
		total += 32 + ((PyBytes_GET_SIZE(packets[index].prefix) +
		    packets[index].captured + 3) & ~(Py_ssize_t)3) +
		    packets[index].options;
	}
	if ((result = PyBytes_FromStringAndSize(NULL, total)) == NULL)
		return (NULL);
	(void)put_number(put_number(id, (uint32_t)journey),
	    (uint32_t)(journey >> 32));
	at = PyBytes_AS_STRING(result);
	for (index = 0; index < number; index++)
		at = put_packet(at, &packets[index], id, front, first);
	return (result);
}

/*
 * The longest line about a packet is some 600 bytes: two addresses of IPv6,
 * four tags, and 40 bytes of options at no more than 4 each.
 */
#define	LINE		1024
#define	MOST_TAGS	4

static uint32_t
get32(const unsigned char *at)
{
	return ((uint32_t)get16(at) << 16 | get16(at + 2));
}

static char *
put_text(char *at, const char *text)
{
	size_t size = strlen(text);

	memcpy(at, text, size);
	return (at + size);
}

/* A number behind a text, in base 10 or 16. */
static char *
put_based(char *at, const char *text, unsigned long long number,
    unsigned int base)
{
	char reversed[24];
	int count = 0;

	at = put_text(at, text);
	do
		reversed[count++] = "0123456789abcdef"[number % base];
	while ((number /= base) != 0);
	while (count > 0)
		*at++ = reversed[--count];
	return (at);
}

static char *
put_decimal(char *at, const char *text, unsigned long long number)
{
	return (put_based(at, text, number, 10));
}

/*
 * An address of 4 or 16 bytes as ipaddress has it; NULL for one that stands
 * for IPv4, which versions of Python write in two ways.
 */
static char *
put_address(char *at, const unsigned char *address, int version)
{
	int group, run, best = 8, most = 1;

	if (version == 4) {
		for (group = 0; group < 4; group++)
			at = put_decimal(at, group == 0 ? "" : ".",
			    address[group]);
		return (at);
	}
	/* Of runs of zeros the first of the longest is left out. */
	for (group = 0; group < 8; group += run + 1) {
		for (run = 0; group + run < 8; run++)
			if (get16(address + 2 * (group + run)) != 0)
				break;
		if (run > most) {
			most = run;
			best = group;
		}
	}
	if (best == 0 && most == 5 && get16(address + 10) == 0xffff)
		return (NULL);
	for (group = 0; group < 8; group++)
		if (group == best) {
			at = put_text(at, "::");
			group += most - 1;
		} else
			at = put_based(at, group == 0 || group == best + most ?
			    "" : ":", get16(address + 2 * group), 16);
	return (at);
}

/* The options in the bytes that there are of them. */
static char *
put_options(char *at, const unsigned char *data, Py_ssize_t size,
    Py_ssize_t whole)
{
	const unsigned char *value;
	Py_ssize_t start = 0, length, edge;
	int kind = 1;

	at = put_text(at, " options [");
	while (start < size && kind != 0) {
		kind = data[start];
		length = kind < 2 ? 1 : start + 1 < size ? data[start + 1] : 0;
		if (start + length > size || length < (kind < 2 ? 1 : 2))
			break;
		if (start > 0)
			*at++ = ',';
		value = data + start + 2;
		start += length;
		if (kind == 0)
			at = put_text(at, "eol");
		else if (kind == 1)
			at = put_text(at, "nop");
		else if (kind == 2 && length == 4)
			at = put_decimal(at, "mss ", get16(value));
		else if (kind == 3 && length == 3)
			at = put_decimal(at, "wscale ", value[0]);
		else if (kind == 4 && length == 2)
			at = put_text(at, "sackOK");
		else if (kind == 5 && length > 2 && length % 8 == 2) {
			at = put_text(at, "sack");
			for (edge = 0; edge < length - 2; edge += 4)
				at = put_decimal(at, edge % 8 == 0 ? " " : ":",
				    get32(value + edge));
		} else if (kind == 8 && length == 10) {
			at = put_decimal(at, "TS val ", get32(value));
			at = put_decimal(at, " ecr ", get32(value + 4));
		} else {
			at = put_decimal(at, "opt-", (unsigned int)kind);
			if (length > 2)
				*at++ = ':';
			for (; length > 2; length--, value++) {
				at = put_based(at, "", *value >> 4, 16);
				at = put_based(at, "", *value & 15, 16);
			}
		}
		if (kind == 0)
			return (put_text(at, "]"));
	}
	if (start != whole)
		at = put_text(at, start == 0 ? size < whole ? "..." : "bad" :
		    size < whole ? ",..." : ",bad");
	return (put_text(at, "]"));
}

/* A whole header of TCP, and of the options what there is. */
static char *
put_tcp(char *at, const unsigned char *data, Py_ssize_t size, Py_ssize_t length)
{
	static const char letters[] = "SFRP.UEW";
	static const unsigned char bits[] = { 2, 1, 4, 8, 16, 32, 64, 128 };
	Py_ssize_t header = (data[12] >> 4) * 4;
	uint32_t sequence = get32(data + 4);
	int flags = data[13], flag;

	if (header < 20)
		return (NULL);
	length = length > header ? length - header : 0;
	at = put_text(at, "TCP [");
	for (flag = 0; flag < 8; flag++)
		if ((flags & bits[flag]) != 0)
			*at++ = letters[flag];
	at = put_decimal(put_text(at, flags == 0 ? "none]" : "]"), " seq ",
	    sequence);
	if (length > 0)
		at = put_decimal(at, ":", (uint32_t)(sequence +
		    (uint32_t)length));
	if ((flags & 16) != 0)
		at = put_decimal(at, " ack ", get32(data + 8));
	at = put_decimal(at, " win ", get16(data + 14));
	if ((flags & 32) != 0)
		at = put_decimal(at, " urg ", get16(data + 18));
	if (header > 20)
		at = put_options(at, data + 20, (size < header ? size :
		    header) - 20, header - 20);
	return (put_decimal(at, " length ", (unsigned long long)length));
}

/*
 * A packet of IP that is no fragment, with the whole of what tells TCP, UDP
 * or an echo of ICMP; NULL for any other.  *total* is its length.
 */
static char *
put_ip(char *at, const unsigned char *data, Py_ssize_t size, int version,
    Py_ssize_t *total)
{
	const unsigned char *addresses = data + (version == 4 ? 12 : 8);
	Py_ssize_t header, length;
	int kind, ports, width = version == 4 ? 4 : 16;

	if (size < (version == 4 ? 20 : 40) || data[0] >> 4 != version)
		return (NULL);
	if (version == 4) {
		header = (data[0] & 15) * 4;
		length = get16(data + 2);
		kind = data[9];
		if (header < 20 || (get16(data + 6) & 0x3fff) != 0)
			return (NULL);
	} else {
		header = 40;
		length = get16(data + 4);
		length += length > 0 ? 40 : 0;
		kind = data[6];
	}
	/* A length of 0 is what segmentation offload leaves. */
	if (length == 0)
		length = size;
	*total = length;
	size = (size < length ? size : length) - header;
	length -= header;
	data += header;
	ports = kind == 6 || kind == 17;
	if (size < (kind == 6 ? 20 : 8))
		return (NULL);
	if (ports && version == 6)
		*at++ = '[';
	if ((at = put_address(at, addresses, version)) == NULL)
		return (NULL);
	if (ports)
		at = put_decimal(at, version == 6 ? "]:" : ":", get16(data));
	at = put_text(at, ports && version == 6 ? " > [" : " > ");
	if ((at = put_address(at, addresses + width, version)) == NULL)
		return (NULL);
	if (ports)
		at = put_decimal(at, version == 6 ? "]:" : ":",
		    get16(data + 2));
	*at++ = ' ';
	if (kind == 6)
		return (put_tcp(at, data, size, length));
	if (kind == 17) {
		length = get16(data + 4);
		return (put_decimal(at, "UDP length ",
		    (unsigned long long)(length > 8 ? length - 8 : 0)));
	}
	if (kind == 1 && (data[0] == 0 || data[0] == 8))
		at = put_text(at, data[0] == 0 ? "ICMP echo reply" :
		    "ICMP echo request");
	else if (kind == 58 && (data[0] == 128 || data[0] == 129))
		at = put_text(at, data[0] == 129 ? "ICMP6 echo reply" :
		    "ICMP6 echo request");
	else
		return (NULL);
	at = put_decimal(at, " id ", get16(data + 4));
	at = put_decimal(at, " seq ", get16(data + 6));
	return (put_decimal(at, " length ", (unsigned long long)length));
}

PyDoc_STRVAR(summary_doc,
"summary(data, dlt, length) -> str | None\n\n"
"What dtkit.packets.summary.summarize_in_python() says of usual packets of\n"
"Ethernet and IP; None of any other.");

static PyObject *
speedups_summary(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	const unsigned char *data;
	char line[LINE], *at = line;
	Py_ssize_t size, start = 0, total = 0, length;
	unsigned int kind;
	long dlt;
	int version = 0, tags;

	(void)self;
	if (count != 3 || !PyBytes_Check(args[0])) {
		PyErr_SetString(PyExc_TypeError,
		    "bytes, a link type and a length are wanted");
		return (NULL);
	}
	data = (const unsigned char *)PyBytes_AS_STRING(args[0]);
	size = PyBytes_GET_SIZE(args[0]);
	dlt = PyLong_AsLong(args[1]);
	if (dlt == -1 && PyErr_Occurred())
		return (NULL);
	if (dlt == 1 && size >= 14) {
		kind = get16(data + 12);
		start = 14;
		for (tags = 0; (kind == 0x8100 || kind == 0x88a8) &&
		    tags < MOST_TAGS && size - start >= 4; tags++) {
			at = put_decimal(at, "vlan ", get16(data + start) &
			    0xfff);
			*at++ = ' ';
			kind = get16(data + start + 2);
			start += 4;
		}
		version = kind == 0x0800 ? 4 : kind == 0x86dd ? 6 : 0;
	} else if (dlt == 228 || dlt == 229)
		version = dlt == 228 ? 4 : 6;
	else if (dlt == 101 && size > 0)
		version = data[0] >> 4 == 6 ? 6 : 4;
	if (version == 0 || (at = put_ip(at, data + start, size - start,
	    version, &total)) == NULL)
		Py_RETURN_NONE;
	length = total + start;
	if (args[2] != Py_None) {
		length = PyLong_AsSsize_t(args[2]);
		if (length == -1 && PyErr_Occurred()) {
			if (!PyErr_ExceptionMatches(PyExc_OverflowError))
				return (NULL);
			PyErr_Clear();
		}
	}
	if (length < 0)
		Py_RETURN_NONE;
	if (length < size) {
		at = put_decimal(at, ", ", (unsigned long long)length);
		at = put_decimal(at, " of ", (unsigned long long)size);
		at = put_text(at, " bytes");
	} else if (length > size) {
		at = put_decimal(at, ", first ", (unsigned long long)size);
		at = put_decimal(at, " of ", (unsigned long long)length);
		at = put_text(at, " bytes");
	}
	return (PyUnicode_DecodeASCII(line, at - line, NULL));
}

/* How long text is that JSON has as it is, between quotation marks; else -1. */
static Py_ssize_t
unescaped(PyObject *text)
{
	const unsigned char *at, *end;

	if (!PyUnicode_CheckExact(text) || !PyUnicode_IS_ASCII(text))
		return (-1);
	at = PyUnicode_1BYTE_DATA(text);
	for (end = at + PyUnicode_GET_LENGTH(text); at < end; at++)
		if (*at < ' ' || *at > '~' || *at == '"' || *at == '\\')
			return (-1);
	return (PyUnicode_GET_LENGTH(text));
}

/*
 * How many bytes a value takes in JSON; 0 for one that is left out, -1 for one
 * that is left to Python.
 */
static Py_ssize_t
json_size(PyObject *value, int empty)
{
	Py_ssize_t index, size, total;
	long long number;
	int overflow;

	if (value == Py_None)
		return (0);
	if (PyLong_CheckExact(value)) {
		number = PyLong_AsLongLongAndOverflow(value, &overflow);
		return (overflow != 0 || number < 0 ? -1 : 20);
	}
	if (PyTuple_CheckExact(value)) {
		if (PyTuple_GET_SIZE(value) == 0 && !empty)
			return (0);
		total = 2;
		for (index = 0; index < PyTuple_GET_SIZE(value); index++) {
			size = unescaped(PyTuple_GET_ITEM(value, index));
			if (size < 0)
				return (-1);
			total += size + 3;
		}
		return (total);
	}
	size = unescaped(value);
	return (size < 0 ? -1 : size == 0 && !empty ? 0 : size + 2);
}

static char *
put_quoted(char *at, PyObject *text)
{
	*at++ = '"';
	at = put_plain(at, text);
	*at++ = '"';
	return (at);
}

static char *
put_json(char *at, PyObject *value)
{
	Py_ssize_t index;

	if (PyLong_CheckExact(value))
		return (put_decimal(at, "",
		    (unsigned long long)PyLong_AsLongLong(value)));
	if (!PyTuple_CheckExact(value))
		return (put_quoted(at, value));
	*at++ = '[';
	for (index = 0; index < PyTuple_GET_SIZE(value); index++) {
		if (index > 0)
			*at++ = ',';
		at = put_quoted(at, PyTuple_GET_ITEM(value, index));
	}
	*at++ = ']';
	return (at);
}

PyDoc_STRVAR(members_doc,
"members(names, nulls, values) -> str | None\n\n"
"What dtkit.trace.journey.columns.members_in_python() does with plain text\n"
"and numbers that are not negative; None for others.");

static PyObject *
speedups_members(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	PyObject *names, *values, *name, *result;
	Py_ssize_t index, size, total = 0;
	const char *nulls;
	char *begin, *at;

	(void)self;
	if (count != 3 || !PyTuple_Check(names = args[0]) ||
	    !PyBytes_Check(args[1]) || !PyTuple_Check(values = args[2]) ||
	    PyTuple_GET_SIZE(names) != PyTuple_GET_SIZE(values) ||
	    PyTuple_GET_SIZE(names) != PyBytes_GET_SIZE(args[1])) {
		PyErr_SetString(PyExc_TypeError,
		    "a name, a byte and a value are wanted of each");
		return (NULL);
	}
	count = PyTuple_GET_SIZE(names);
	nulls = PyBytes_AS_STRING(args[1]);
	for (index = 0; index < count; index++) {
		name = PyTuple_GET_ITEM(names, index);
		size = json_size(PyTuple_GET_ITEM(values, index),
		    nulls[index]);
		if (size < 0 || !PyUnicode_Check(name) ||
		    !PyUnicode_IS_ASCII(name))
			Py_RETURN_NONE;
		if (size > 0)
			total += PyUnicode_GET_LENGTH(name) + size + 1;
	}
	if ((begin = PyMem_Malloc(total + 1)) == NULL)
		return (PyErr_NoMemory());
	for (at = begin, index = 0; index < count; index++) {
		if (json_size(PyTuple_GET_ITEM(values, index),
		    nulls[index]) == 0)
			continue;
		if (at != begin)
			*at++ = ',';
		name = PyTuple_GET_ITEM(names, index);
		at = put_json(put_plain(at, name),
		    PyTuple_GET_ITEM(values, index));
	}
	result = PyUnicode_FromKindAndData(PyUnicode_1BYTE_KIND, begin,
	    at - begin);
	PyMem_Free(begin);
	return (result);
}

static uint32_t
folded(uint32_t sum)
{
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (sum);
}

PyDoc_STRVAR(plainly_none_doc,
"plainly_none(data) -> bool\n\n"
"What dtkit.trace.journey.offload.plainly_none_in_python() does.");

static PyObject *
speedups_plainly_none(PyObject *self, PyObject *bytes)
{
	const unsigned char *data;
	uint32_t total, stored, sum;
	int at, none = 0;

	(void)self;
	if (!PyBytes_Check(bytes)) {
		PyErr_SetString(PyExc_TypeError, "bytes are wanted");
		return (NULL);
	}
	data = (const unsigned char *)PyBytes_AS_STRING(bytes);
	if (PyBytes_GET_SIZE(bytes) >= 54 && get16(data + 12) == 0x0800 &&
	    data[14] == 0x45 && get16(data + 24) != 0 &&
	    (total = get16(data + 16)) <= LONGEST_FRAME) {
		none = 1;
		if (data[23] == 6 || data[23] == 17) {
			sum = data[23];
			for (at = 26; at < 34; at += 2)
				sum += get16(data + at);
			stored = get16(data + (data[23] == 6 ? 50 : 40));
			none = stored != folded(sum) && stored !=
			    folded(sum + (total > 20 ? total - 20 : 0));
		}
	}
	return (PyBool_FromLong(none));
}

/* The records of a frame of mbuf_trace: a count, then each behind length and type. */
struct frame {
	const unsigned char *data;
	Py_ssize_t size, at;
	const unsigned char *payload;
	unsigned int length, type;
	int little;
};

static unsigned int
frame_number(const struct frame *frame, Py_ssize_t at)
{
	const unsigned char *byte = frame->data + at;

	return (frame->little ? (unsigned int)byte[1] << 8 | byte[0] :
	    get16(byte));
}

/* Go on to the next record: 0 where there is none that is whole and of a type. */
static int
next_record(struct frame *frame)
{
	if (frame->size - frame->at < 4)
		return (0);
	frame->length = frame_number(frame, frame->at);
	frame->type = frame_number(frame, frame->at + 2);
	frame->payload = frame->data + frame->at + 4;
	if (frame->type > 3 ||
	    frame->size - frame->at - 4 < (Py_ssize_t)frame->length)
		return (0);
	frame->at += 4 + frame->length;
	return (1);
}

/* How many records a frame has that is nothing but these; else 0. */
static unsigned int
sound_records(struct frame frame)
{
	unsigned int count, left;

	if (frame.size < 2)
		return (0);
	count = frame_number(&frame, 0);
	frame.at = 2;
	for (left = count; left > 0; left--)
		if (!next_record(&frame))
			return (0);
	return (frame.at == frame.size ? count : 0);
}

/* Whether bytes are printable up to a final NUL, which may be missing. */
static int
is_text(const unsigned char *data, unsigned int size)
{
	unsigned int at;

	for (at = 0; at < size && data[at] >= ' ' && data[at] <= '~'; at++)
		;
	return (size > 0 && (at == size || (at + 1 == size &&
	    data[at] == '\0')));
}

PyDoc_STRVAR(cut_doc,
"cut(data, generation) -> tuple | None\n\n"
"What dtkit.trace.journey.codec.cut_in_python() does.");

static PyObject *
speedups_cut(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
	PyObject *strings = NULL, *packets = NULL, *packet;
	struct frame frame = { NULL, 0, 2, NULL, 0, 0, 0 }, other;
	unsigned int records, left, types = 0, look;
	int texts = 0, filled = 0;
	Py_ssize_t size = 0, number = 0;
	long generation;
	char *at;

	(void)self;
	if (count != 2 || !PyBytes_Check(args[0])) {
		PyErr_SetString(PyExc_TypeError,
		    "bytes and a generation are wanted");
		return (NULL);
	}
	generation = PyLong_AsLong(args[1]);
	if (generation == -1 && PyErr_Occurred())
		return (NULL);
	frame.data = (const unsigned char *)PyBytes_AS_STRING(args[0]);
	frame.size = PyBytes_GET_SIZE(args[0]);
	if ((records = sound_records(frame)) == 0)
		Py_RETURN_NONE;
	for (other = frame, left = records; left > 0; left--) {
		(void)next_record(&other);
		types |= 1U << other.type;
		texts |= is_text(other.payload, other.length);
		filled |= other.length > 0;
	}
	if (generation == 0) {
		generation = (types & 0xc) != 0 ? 2 : 3;
		if (types == 2 && filled && !texts)
			generation = 2;
	}
	/* The types that the generation has itself, and that of its packets. */
	if ((generation == 2 && (types & 1) != 0) ||
	    (generation == 3 && (types & 0xc) != 0) ||
	    generation < 2 || generation > 3)
		Py_RETURN_NONE;
	look = generation == 2;
	other = frame;
	other.little = 1;
	if (frame.data[1] > frame.data[0] && sound_records(other) > records)
		Py_RETURN_NONE;
	for (other = frame, left = records; left > 0; left--) {
		(void)next_record(&other);
		number += other.type == look;
		size += 4 + (other.type == look ? 0 : other.length);
	}
	if ((strings = PyBytes_FromStringAndSize(NULL, size)) == NULL ||
	    (packets = PyTuple_New(number)) == NULL)
		goto failed;
	at = PyBytes_AS_STRING(strings);
	for (other = frame, left = records; left > 0; left--) {
		(void)next_record(&other);
		if (other.type != look) {
			memcpy(at, other.payload - 4, 4 + other.length);
			at += 4 + other.length;
			continue;
		}
		memset(at, 0xff, 4);
		at += 4;
		packet = PyBytes_FromStringAndSize(
		    (const char *)other.payload, other.length);
		if (packet == NULL)
			goto failed;
		PyTuple_SET_ITEM(packets, --number, packet);
	}
	return (Py_BuildValue("(lNN)", generation, strings, packets));
failed:
	Py_XDECREF(strings);
	Py_XDECREF(packets);
	return (NULL);
}

static PyMethodDef methods[] = {
	{ "cut", (PyCFunction)(void (*)(void))speedups_cut, METH_FASTCALL,
	    cut_doc },
	{ "members", (PyCFunction)(void (*)(void))speedups_members,
	    METH_FASTCALL, members_doc },
	{ "plainly_none", speedups_plainly_none, METH_O, plainly_none_doc },
	{ "packet_options", (PyCFunction)(void (*)(void))
	    speedups_packet_options, METH_FASTCALL, packet_options_doc },
	{ "stencil_blocks", (PyCFunction)(void (*)(void))
	    speedups_stencil_blocks, METH_FASTCALL, stencil_blocks_doc },
	{ "split", speedups_split, METH_VARARGS, split_doc },
	{ "columns", speedups_columns, METH_VARARGS, columns_doc },
	{ "layers", speedups_layers, METH_VARARGS, layers_doc },
	{ "sniffed", (PyCFunction)(void (*)(void))speedups_sniffed,
	    METH_FASTCALL, sniffed_doc },
	{ "claimed_lengths", speedups_claimed_lengths, METH_VARARGS,
	    claimed_lengths_doc },
	{ "packet_blocks", speedups_packet_blocks, METH_VARARGS,
	    packet_blocks_doc },
	{ "summary", (PyCFunction)(void (*)(void))speedups_summary,
	    METH_FASTCALL, summary_doc },
	{ NULL, NULL, 0, NULL }
};

static int
speedups_exec(PyObject *module)
{
	static const char hex[] = "0123456789abcdef", upper[] = "ABCDEF";
	int value;

	memset(digits, 16, sizeof(digits));
	for (value = 0; value < 16; value++)
		digits[(unsigned char)hex[value]] = value;
	for (value = 10; value < 16; value++)
		digits[(unsigned char)upper[value - 10]] = value;
	return (PyModule_AddIntConstant(module, "VERSION", SPEEDUPS_VERSION));
}

static PyModuleDef_Slot slots[] = {
	{ Py_mod_exec, (void *)speedups_exec },
	{ 0, NULL }
};

static struct PyModuleDef definition = {
	PyModuleDef_HEAD_INIT,
	.m_name = "dtkit._speedups",
	.m_doc = "The inner loops of reading and writing, in C.",
	.m_methods = methods,
	.m_slots = slots,
};

PyMODINIT_FUNC
PyInit__speedups(void)
{
	return (PyModuleDef_Init(&definition));
}
