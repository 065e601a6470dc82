/* The bytes that pgoutput makes of a history. @xid: of a streamed block's message;
 * 0 outside of one.
 * Source: PostgreSQL documentation, "Logical Replication Message Formats". */
#pragma once

#include "history.h"

G_BEGIN_DECLS

#define SIM_TABLE_OID 16384u

GByteArray *sim_wire_begin (const Transaction *transaction);
GByteArray *sim_wire_commit (const Transaction *transaction, gboolean streamed);
GByteArray *sim_wire_relation (guint32 xid, guint table);
GByteArray *sim_wire_change (guint32 xid, const Change *change);
GByteArray *sim_wire_stream_start (guint32 xid, gboolean first);
GByteArray *sim_wire_stream_abort (guint32 xid, guint32 subxid);
GByteArray *sim_wire_letter (char letter);

G_END_DECLS
