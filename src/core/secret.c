#include "core/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* The whole secret lives in pages of its own: mlock() and MADV_DONTDUMP work on
 * pages, and a page shared with other heap data would be unlocked with them. */
struct _PgmSecret
{
  gatomicrefcount references;
  gsize mapped; /* bytes of the mapping, this structure included */
  gsize length; /* of the text, without the NUL */
  char text[];
};

PgmSecret *
pgm_secret_new (const char *text)
{
  gsize page = (gsize) sysconf (_SC_PAGESIZE);
  gsize length;
  gsize mapped;
  PgmSecret *self;

  if (text == NULL)
    return NULL;
  length = strlen (text);
  mapped = (sizeof (PgmSecret) + length + 1 + page - 1) / page * page;
  self = mmap (NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (self == MAP_FAILED)
    g_error ("secret: no memory for %" G_GSIZE_FORMAT " bytes", mapped);

  /* Both are best effort: the limit of locked memory is small for ordinary
   * users, and a secret that may be swapped is better than none. */
  (void) mlock (self, mapped);
  (void) madvise (self, mapped, MADV_DONTDUMP);

  g_atomic_ref_count_init (&self->references);
  self->mapped = mapped;
  self->length = length;
  memcpy (self->text, text, length + 1);
  return self;
}

PgmSecret *
pgm_secret_new_take (char *text)
{
  PgmSecret *self = pgm_secret_new (text);

  pgm_secret_free_text (text);
  return self;
}

PgmSecret *
pgm_secret_ref (PgmSecret *self)
{
  if (self != NULL)
    g_atomic_ref_count_inc (&self->references);
  return self;
}

void
pgm_secret_unref (PgmSecret *self)
{
  gsize mapped;

  if (self == NULL || !g_atomic_ref_count_dec (&self->references))
    return;
  mapped = self->mapped;
  pgm_secret_wipe (self, mapped);
  (void) munmap (self, mapped);
}

const char *
pgm_secret_reveal (const PgmSecret *self)
{
  return self != NULL ? self->text : NULL;
}

const char *
pgm_secret_to_display (const PgmSecret *self)
{
  return self != NULL ? "***" : "";
}

gboolean
pgm_secret_equal (const PgmSecret *a, const PgmSecret *b)
{
  guint8 difference = 0;

  if (a == NULL || b == NULL)
    return a == b;
  if (a->length != b->length)
    return FALSE;
  for (gsize i = 0; i < a->length; i++)
    difference |= (guint8) (a->text[i] ^ b->text[i]);
  return difference == 0;
}

void
pgm_secret_wipe (gpointer memory, gsize size)
{
  if (memory != NULL && size > 0)
    explicit_bzero (memory, size);
}

void
pgm_secret_free_text (char *text)
{
  if (text == NULL)
    return;
  pgm_secret_wipe (text, strlen (text));
  g_free (text);
}
