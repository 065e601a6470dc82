#include "core/reader.h"

#include "core/error.h"

/* How many bytes of the message an error shows on each side of the bad place. */
#define EXCERPT_BEFORE 8
#define EXCERPT_AFTER  16

void
pgm_reader_fail (PgmReader *self)
{
  if (self->failed)
    return;
  self->failed = TRUE;
  self->failed_at = self->position;
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
  return (const char *) pgm_reader_bytes (self, (gsize) (end - start) + 1);
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
