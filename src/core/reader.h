/* A bounds-checked reader over bytes that someone else owns.
 *
 * The error is sticky: the first read past the end marks the reader and every
 * later read yields zero or NULL, so a message is parsed straight down and
 * checked once with pgm_reader_finish(). Integers are big-endian, as on
 * PostgreSQL's wire. Nothing is copied: strings and blocks point into the data.
 */
#pragma once

#include <glib.h>
#include <string.h>

G_BEGIN_DECLS

typedef struct
{
  const guint8 *data;
  gsize size;
  gsize position;
  gboolean failed;
  gsize failed_at; /* the position of the first bad read */
} PgmReader;

/* Marks the reader as failed (a value that no peer may send). */
void pgm_reader_fail (PgmReader *self);

/* What is read several times for each value of a stream is inline. */

static inline void
pgm_reader_init (PgmReader *self, gconstpointer data, gsize size)
{
  self->data = (const guint8 *) data;
  self->size = data != NULL ? size : 0;
  self->position = 0;
  self->failed = FALSE;
  self->failed_at = 0;
}

/* @size bytes, or NULL. The one place that compares with the end. */
static inline const guint8 *
pgm_reader_bytes (PgmReader *self, gsize size)
{
  /* An empty block at the end of empty data is still a block. */
  static const guint8 nothing[1] = { 0 };
  const guint8 *place;

  if (G_UNLIKELY (self->failed || size > self->size - self->position))
    {
      pgm_reader_fail (self);
      return NULL;
    }
  if (G_UNLIKELY (self->data == NULL))
    return nothing;
  place = self->data + self->position;
  self->position += size;
  return place;
}

static inline guint8
pgm_reader_u8 (PgmReader *self)
{
  const guint8 *bytes = pgm_reader_bytes (self, 1);

  return bytes != NULL ? bytes[0] : 0;
}

static inline guint16
pgm_reader_u16 (PgmReader *self)
{
  const guint8 *bytes = pgm_reader_bytes (self, sizeof (guint16));
  guint16 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);
  return GUINT16_FROM_BE (value);
}

static inline guint32
pgm_reader_u32 (PgmReader *self)
{
  const guint8 *bytes = pgm_reader_bytes (self, sizeof (guint32));
  guint32 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_BE (value);
}

static inline guint64
pgm_reader_u64 (PgmReader *self)
{
  const guint8 *bytes = pgm_reader_bytes (self, sizeof (guint64));
  guint64 value = 0;

  if (bytes != NULL)
    memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_BE (value);
}

static inline gint16
pgm_reader_i16 (PgmReader *self)
{
  return (gint16) pgm_reader_u16 (self);
}

static inline gint32
pgm_reader_i32 (PgmReader *self)
{
  return (gint32) pgm_reader_u32 (self);
}

static inline gint64
pgm_reader_i64 (PgmReader *self)
{
  return (gint64) pgm_reader_u64 (self);
}

static inline gsize
pgm_reader_left (const PgmReader *self)
{
  return self->failed ? 0 : self->size - self->position;
}

/* A NUL-terminated string that ends inside the data, or NULL. */
const char *pgm_reader_string (PgmReader *self);

/* FALSE with an error of PGM_ERROR_PROTOCOL (position and a hex excerpt around
 * it in the detail) when a read failed or, with @to_end, bytes are left over.
 * @what names the message in the error. */
gboolean pgm_reader_finish (const PgmReader *self,
                            const char *what,
                            gboolean to_end,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
