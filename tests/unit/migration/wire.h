/* Messages of pgoutput, written byte by byte: what a source would send. One table,
 * number 1, "s"."t" (id int4 key, v text). */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define WIRE_XID_NONE 0u

GByteArray *wire_begin (guint64 final_lsn, guint32 xid);
GByteArray *wire_commit (guint64 commit_lsn, guint64 end_lsn);
GByteArray *wire_origin (const char *name);
GByteArray *wire_relation (guint32 stream_xid);
GByteArray *wire_insert (guint32 stream_xid, const char *id, const char *value);
GByteArray *wire_delete (guint32 stream_xid, const char *id);
GByteArray *wire_message (guint32 stream_xid,
                          gboolean transactional,
                          guint64 lsn,
                          const char *prefix,
                          const char *content);
GByteArray *wire_stream_start (guint32 xid, gboolean first);
GByteArray *wire_stream_stop (void);
GByteArray *wire_stream_commit (guint32 xid, guint64 commit_lsn, guint64 end_lsn);
GByteArray *wire_stream_abort (guint32 xid, guint32 subxid);
GByteArray *wire_begin_prepare (const char *gid);

G_END_DECLS
