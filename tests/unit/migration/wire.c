#include "wire.h"

#include <string.h>

static void
put8 (GByteArray *out, guint8 value)
{
  g_byte_array_append (out, &value, 1);
}

static void
put16 (GByteArray *out, guint16 value)
{
  guint16 wire = GUINT16_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &wire, sizeof wire);
}

static void
put32 (GByteArray *out, guint32 value)
{
  guint32 wire = GUINT32_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &wire, sizeof wire);
}

static void
put64 (GByteArray *out, guint64 value)
{
  guint64 wire = GUINT64_TO_BE (value);

  g_byte_array_append (out, (const guint8 *) &wire, sizeof wire);
}

static void
put_text (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text) + 1);
}

static void
put_value (GByteArray *out, const char *text)
{
  if (text == NULL)
    {
      put8 (out, 'n');
      return;
    }
  put8 (out, 't');
  put32 (out, (guint32) strlen (text));
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

static GByteArray *
start (char type)
{
  GByteArray *out = g_byte_array_new ();

  put8 (out, (guint8) type);
  return out;
}

static GByteArray *
start_in (char type, guint32 stream_xid)
{
  GByteArray *out = start (type);

  if (stream_xid != WIRE_XID_NONE)
    put32 (out, stream_xid);
  return out;
}

GByteArray *
wire_begin (guint64 final_lsn, guint32 xid)
{
  GByteArray *out = start ('B');

  put64 (out, final_lsn);
  put64 (out, 0);
  put32 (out, xid);
  return out;
}

GByteArray *
wire_commit (guint64 commit_lsn, guint64 end_lsn)
{
  GByteArray *out = start ('C');

  put8 (out, 0);
  put64 (out, commit_lsn);
  put64 (out, end_lsn);
  put64 (out, 0);
  return out;
}

GByteArray *
wire_origin (const char *name)
{
  GByteArray *out = start ('O');

  put64 (out, 1);
  put_text (out, name);
  return out;
}

GByteArray *
wire_relation (guint32 stream_xid)
{
  GByteArray *out = start_in ('R', stream_xid);

  put32 (out, 1);
  put_text (out, "s");
  put_text (out, "t");
  put8 (out, 'd');
  put16 (out, 2);
  put8 (out, 1);
  put_text (out, "id");
  put32 (out, 23);
  put32 (out, (guint32) -1);
  put8 (out, 0);
  put_text (out, "v");
  put32 (out, 25);
  put32 (out, (guint32) -1);
  return out;
}

GByteArray *
wire_insert (guint32 stream_xid, const char *id, const char *value)
{
  GByteArray *out = start_in ('I', stream_xid);

  put32 (out, 1);
  put8 (out, 'N');
  put16 (out, 2);
  put_value (out, id);
  put_value (out, value);
  return out;
}

GByteArray *
wire_delete (guint32 stream_xid, const char *id)
{
  GByteArray *out = start_in ('D', stream_xid);

  put32 (out, 1);
  put8 (out, 'K');
  put16 (out, 2);
  put_value (out, id);
  put_value (out, NULL);
  return out;
}

GByteArray *
wire_message (guint32 stream_xid,
              gboolean transactional,
              guint64 lsn,
              const char *prefix,
              const char *content)
{
  GByteArray *out = start_in ('M', stream_xid);

  put8 (out, transactional ? 1 : 0);
  put64 (out, lsn);
  put_text (out, prefix);
  put32 (out, (guint32) strlen (content));
  g_byte_array_append (out, (const guint8 *) content, (guint) strlen (content));
  return out;
}

GByteArray *
wire_stream_start (guint32 xid, gboolean first)
{
  GByteArray *out = start ('S');

  put32 (out, xid);
  put8 (out, first ? 1 : 0);
  return out;
}

GByteArray *
wire_stream_stop (void)
{
  return start ('E');
}

GByteArray *
wire_stream_commit (guint32 xid, guint64 commit_lsn, guint64 end_lsn)
{
  GByteArray *out = start ('c');

  put32 (out, xid);
  put8 (out, 0);
  put64 (out, commit_lsn);
  put64 (out, end_lsn);
  put64 (out, 0);
  return out;
}

GByteArray *
wire_stream_abort (guint32 xid, guint32 subxid)
{
  GByteArray *out = start ('A');

  put32 (out, xid);
  put32 (out, subxid);
  return out;
}

GByteArray *
wire_begin_prepare (const char *gid)
{
  GByteArray *out = start ('b');

  put64 (out, 1);
  put64 (out, 2);
  put64 (out, 0);
  put32 (out, 9);
  put_text (out, gid);
  return out;
}
