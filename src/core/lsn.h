/* Log sequence numbers: a byte position in the WAL, written "X/Y" in hex.
 * Source: PostgreSQL documentation, "pg_lsn Type". */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef guint64 PgmLsn;

#define PGM_LSN_INVALID ((PgmLsn) 0)

/* Enough for "FFFFFFFF/FFFFFFFF" and the final NUL. */
#define PGM_LSN_TEXT_SIZE 18

/* Parses exactly "X/Y", 1 to 8 hex digits each, nothing around it. */
gboolean pgm_lsn_parse (const char *text, PgmLsn *lsn, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes the text form into @buffer of PGM_LSN_TEXT_SIZE bytes; returns @buffer. */
const char *pgm_lsn_format (PgmLsn lsn, char *buffer);

/* Transfer full. */
char *pgm_lsn_to_string (PgmLsn lsn);

/* -1, 0, 1. */
int pgm_lsn_compare (PgmLsn a, PgmLsn b);

/* Bytes from @from to @to; 0 when @to is not ahead. */
guint64 pgm_lsn_distance (PgmLsn from, PgmLsn to);

G_END_DECLS
