/* A bounds-checked reader over bytes that someone else owns.
 *
 * The error is sticky: the first read past the end marks the reader and every
 * later read yields zero or NULL, so a message is parsed straight down and
 * checked once with pgm_reader_finish(). Integers are big-endian, as on
 * PostgreSQL's wire. Nothing is copied: strings and blocks point into the data.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  const guint8 *data;
  gsize size;
  gsize position;
  gboolean failed;
  gsize failed_at; /* the position of the first bad read */
} PgmReader;

void pgm_reader_init (PgmReader *self, gconstpointer data, gsize size);

guint8 pgm_reader_u8 (PgmReader *self);
guint16 pgm_reader_u16 (PgmReader *self);
guint32 pgm_reader_u32 (PgmReader *self);
guint64 pgm_reader_u64 (PgmReader *self);
gint16 pgm_reader_i16 (PgmReader *self);
gint32 pgm_reader_i32 (PgmReader *self);
gint64 pgm_reader_i64 (PgmReader *self);

/* @size bytes, or NULL. */
const guint8 *pgm_reader_bytes (PgmReader *self, gsize size);

/* A NUL-terminated string that ends inside the data, or NULL. */
const char *pgm_reader_string (PgmReader *self);

gsize pgm_reader_left (const PgmReader *self);

/* Marks the reader as failed (a value that no peer may send). */
void pgm_reader_fail (PgmReader *self);

/* FALSE with an error of PGM_ERROR_PROTOCOL (position and a hex excerpt around
 * it in the detail) when a read failed or, with @to_end, bytes are left over.
 * @what names the message in the error. */
gboolean pgm_reader_finish (const PgmReader *self,
                            const char *what,
                            gboolean to_end,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
