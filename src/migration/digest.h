/* The digest of a table: count(*) and the sum of hashtextextended() over the
 * text of each row, which does not depend on the order of rows. Used by compare
 * and by --resume to decide whether a table that was copied still equals the
 * source under a new snapshot.
 *
 * The text of a row is that of ROW(column, …), with a few columns written so
 * that any two supported versions write the same (where one is below 12, floating
 * point numbers by their bits; "char" by its byte; xml with its declaration) and
 * values too large to be written out by their md5. It depends on the pinned
 * settings of a session (A2) only.
 */
#pragma once

#include "postgres/catalog.h"

G_BEGIN_DECLS

typedef struct
{
  gint64 rows;
  char *sum; /* numeric as text, NULL for an empty table */
} PgmDigest;

void pgm_digest_clear (PgmDigest *self);
gboolean pgm_digest_equal (const PgmDigest *a, const PgmDigest *b);

/* Adds the digest of other rows. */
void pgm_digest_add (PgmDigest *self, const PgmDigest *other);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (PgmDigest, pgm_digest_clear)

/* The @md5 that two servers of these majors have to use with each other: below
 * 11 there is no hashtextextended(), and below 12 floating point numbers inside
 * of other values are not written shortest-exact. */
gboolean pgm_digest_needs_md5 (int source_major, int destination_major);

/* The @to_utf8 that two databases of these encodings have to use. SQL_ASCII has
 * no meaning to convert from: there the bytes themselves are compared. */
gboolean pgm_digest_needs_utf8 (const char *source_encoding, const char *destination_encoding);

/* Names (char *, owned) of the columns of @a that @b has as well (NULL: all), in
 * the order of @a. Generated columns are among them. Transfer full. */
GPtrArray *pgm_digest_columns (const PgmTable *a, const PgmTable *b);

/* Digests the rows of @table that satisfy @where (SQL without WHERE; NULL: all).
 * Both sides must use the same @columns (names) in the same order, the same
 * @md5 (TRUE when either side is older than PostgreSQL 12) and the same @to_utf8
 * (TRUE when the database encodings differ): the functions above say which. */
gboolean pgm_digest_read (PgmConnection *connection,
                          const PgmTable *table,
                          GPtrArray *columns,
                          const char *where,
                          gboolean md5,
                          gboolean to_utf8,
                          PgmDigest *digest,
                          GCancellable *cancellable,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The statement of pgm_digest_read(), for callers that send it themselves, and its
 * result. Transfer full. */
char *pgm_digest_select_sql (const PgmTable *table,
                             GPtrArray *columns,
                             const char *where,
                             gboolean md5,
                             gboolean to_utf8);
void pgm_digest_set_from_result (PgmDigest *self, PgmResult *result);

/* SQL of the text that is digested of a row, and of the bigint hash of any such
 * text; for statements that compare single rows. Transfer full. */
char *
pgm_digest_row_sql (const PgmTable *table, GPtrArray *columns, gboolean md5, gboolean to_utf8);
char *pgm_digest_hash_sql (const char *text_sql, gboolean md5, gboolean to_utf8);

/* What to read @table from: "ONLY s.t", or "s.t" where the rows are in its
 * partitions. Transfer full. */
char *pgm_digest_from_sql (const PgmTable *table);

G_END_DECLS
