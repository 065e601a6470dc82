#include "core/reader.h"

#include "core/error.h"

#include <string.h>

/* How many bytes of the message an error shows on each side of the bad place. */
#define EXCERPT_BEFORE 8
#define EXCERPT_AFTER  16

void
pgm_reader_init (PgmReader *self, gconstpointer data, gsize size)
{
  self->data = data;
  self->size = data != NULL ? size : 0;
  self->position = 0;
  self->failed = FALSE;
  self->failed_at = 0;
}

gsize
pgm_reader_left (const PgmReader *self)
{
  return self->failed ? 0 : self->size - self->position;
}

void
pgm_reader_fail (PgmReader *self)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  self->failed_at = self->position;
}

/* Every read goes through here: the one place that compares with the end. */
static const guint8 *
take (PgmReader *self, gsize size)
{
  const guint8 *place;

  if (self->failed || size > self->size - self->position)
    {
      pgm_reader_fail (self);
      return NULL;
    }
  place = self->data + self->position;
  self->position += size;
  return place;
}

guint8
pgm_reader_u8 (PgmReader *self)
{
  const guint8 *bytes = take (self, 1);

  return bytes != NULL ? bytes[0] : 0;
}

guint16
pgm_reader_u16 (PgmReader *self)
{
  const guint8 *bytes = take (self, sizeof (guint16));
  guint16 value;

  if (bytes == NULL)
    return 0;
  memcpy (&value, bytes, sizeof value);
  return GUINT16_FROM_BE (value);
}

guint32
pgm_reader_u32 (PgmReader *self)
{
  const guint8 *bytes = take (self, sizeof (guint32));
  guint32 value;

  if (bytes == NULL)
    return 0;
  memcpy (&value, bytes, sizeof value);
  return GUINT32_FROM_BE (value);
}

guint64
pgm_reader_u64 (PgmReader *self)
{
  const guint8 *bytes = take (self, sizeof (guint64));
  guint64 value;

  if (bytes == NULL)
    return 0;
  memcpy (&value, bytes, sizeof value);
  return GUINT64_FROM_BE (value);
}

gint16
pgm_reader_i16 (PgmReader *self)
{
  return (gint16) pgm_reader_u16 (self);
}

gint32
pgm_reader_i32 (PgmReader *self)
{
  return (gint32) pgm_reader_u32 (self);
}

gint64
pgm_reader_i64 (PgmReader *self)
{
  return (gint64) pgm_reader_u64 (self);
}

const guint8 *
pgm_reader_bytes (PgmReader *self, gsize size)
{
  /* An empty block at the end of empty data is still a block. */
  static const guint8 nothing[1] = { 0 };
  const guint8 *bytes = take (self, size);

  return bytes == NULL && !self->failed ? nothing : bytes;
}

const char *
pgm_reader_string (PgmReader *self)
{
  gsize left = pgm_reader_left (self);
  const guint8 *start = left > 0 ? self->data + self->position : NULL;
  const guint8 *end = left > 0 ? memchr (start, '\0', left) : NULL;

  if (end == NULL)
    {
      pgm_reader_fail (self);
      return NULL;
    }
  return (const char *) take (self, (gsize) (end - start) + 1);
}

/* "00 00 [01] 7f": the byte at @position stands in brackets. */
static char *
make_excerpt (const PgmReader *self, gsize position)
{
  gsize from = position > EXCERPT_BEFORE ? position - EXCERPT_BEFORE : 0;
  gsize to = self->size - position > EXCERPT_AFTER ? position + EXCERPT_AFTER : self->size;
  GString *text = g_string_new (NULL);

  for (gsize i = from; i < to; i++)
    {
      if (i > from)
        g_string_append_c (text, ' ');
      g_string_append_printf (text, i == position ? "[%02x]" : "%02x", (guint) self->data[i]);
    }
  if (position == self->size)
    g_string_append (text, from < to ? " [end]" : "[end]");
  return g_string_free (text, FALSE);
}

gboolean
pgm_reader_finish (const PgmReader *self, const char *what, gboolean to_end, GError **error)
{
  g_autofree char *excerpt = NULL;
  g_autofree char *detail = NULL;
  gsize position = self->failed ? self->failed_at : self->position;

  if (!self->failed && (!to_end || self->position == self->size))
    return TRUE;

  excerpt = make_excerpt (self, position);
  detail = g_strdup_printf ("At byte %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT ": %s.", position,
                            self->size, excerpt);
  pgm_error_set_full (error, PGM_ERROR_PROTOCOL, NULL, detail, NULL,
                      self->failed ? "malformed %s" : "%s is longer than its contents", what);
  return FALSE;
}
