#include "config.h"

#include "migration/spill.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MEMORY_DEFAULT ((gsize) 256 * 1024)

typedef struct
{
  guint32 size;
  guint32 xid;
  guint64 sum;
} Header;

typedef struct
{
  guint32 xid;
  guint64 offset; /* of its first record */
} Subtransaction;

struct _PgmSpill
{
  char *directory;
  guint32 xid;
  gsize memory;
  int fd;             /* -1: everything is in @tail */
  guint64 written;    /* bytes in the file; @tail comes after them */
  GByteArray *tail;   /* not in the file yet; when reading, the window */
  GArray *subs;       /* Subtransaction, as they were first seen */
  GHashTable *places; /* xid -> place in @subs, from 1 */

  guint64 total; /* what is there to be read */
  guint64 read;  /* where reading is */
  gsize start;   /* of it in @tail */
};

PgmSpill *
pgm_spill_new (const char *directory, guint32 xid, gsize memory)
{
  PgmSpill *self = g_new0 (PgmSpill, 1);

  self->directory = g_strdup (directory);
  self->xid = xid;
  self->memory = memory != 0 ? memory : MEMORY_DEFAULT;
  self->fd = -1;
  self->tail = g_byte_array_new ();
  self->subs = g_array_new (FALSE, FALSE, sizeof (Subtransaction));
  self->places = g_hash_table_new (NULL, NULL);
  return self;
}

void
pgm_spill_free (PgmSpill *self)
{
  if (self == NULL)
    return;
  if (self->fd >= 0)
    close (self->fd);
  g_byte_array_unref (self->tail);
  g_array_unref (self->subs);
  g_hash_table_unref (self->places);
  g_free (self->directory);
  g_free (self);
}

/* Every step can be undone, so that no change of one word goes unseen. */
static guint64
checksum (guint64 place, guint32 xid, const guint8 *data, gsize size)
{
  const guint64 prime = 0x9e3779b97f4a7c15;
  guint64 sum = (place + 1) * prime;
  gsize i = 0;

  sum = (sum ^ (((guint64) xid << 32) | (guint32) size)) * prime;
  for (; i + sizeof (guint64) <= size; i += sizeof (guint64))
    {
      guint64 word;

      memcpy (&word, data + i, sizeof word);
      sum = (sum ^ word) * prime;
      sum ^= sum >> 29;
    }
  for (; i < size; i++)
    sum = (sum ^ data[i]) * prime;
  return sum ^ (sum >> 32);
}

static gboolean
fail (GError **error, const char *what, int cause)
{
  gboolean full = cause == ENOSPC || cause == EDQUOT;

  pgm_error_set_full (
      error, full ? PGM_ERROR_FAILED : PGM_ERROR_LOST, full ? "53100" : NULL, g_strerror (cause),
      full ? "Make room where this program keeps its temporary files (TMPDIR)." : NULL,
      "the file that keeps a large transaction can't be %s", what);
  return FALSE;
}

const char *
pgm_spill_directory (void)
{
  const char *directory = g_getenv ("TMPDIR");

  return directory != NULL && *directory != '\0' ? directory : "/var/tmp";
}

/* Not every file system makes files without a name. */
static gboolean
open_file (PgmSpill *self, GError **error)
{
  g_autofree char *path =
      g_strdup_printf ("%s/pgmanager-spill-%u-XXXXXX", self->directory, self->xid);

  self->fd = open (self->directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
  if (self->fd >= 0)
    return TRUE;
  self->fd = g_mkstemp_full (path, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    return fail (error, "made", errno);
  g_unlink (path);
  return TRUE;
}

static gboolean
flush_tail (PgmSpill *self, GError **error)
{
  gsize done = 0;

  if (self->fd < 0 && !open_file (self, error))
    return FALSE;
  while (done < self->tail->len)
    {
      gssize n = pwrite (self->fd, self->tail->data + done, self->tail->len - done,
                         (off_t) (self->written + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail (error, "written", n < 0 ? errno : ENOSPC);
      done += (gsize) n;
    }
  self->written += done;
  g_byte_array_set_size (self->tail, 0);
  return TRUE;
}

static void
note_subtransaction (PgmSpill *self, guint32 subxid)
{
  Subtransaction sub = { subxid, self->written + self->tail->len };

  if (subxid == self->xid || g_hash_table_contains (self->places, GUINT_TO_POINTER (subxid)))
    return;
  g_array_append_val (self->subs, sub);
  g_hash_table_insert (self->places, GUINT_TO_POINTER (subxid), GUINT_TO_POINTER (self->subs->len));
}

gboolean
pgm_spill_append (PgmSpill *self, guint32 subxid, gconstpointer data, gsize size, GError **error)
{
  Header header = { .size = (guint32) size, .xid = subxid };

  g_return_val_if_fail (size <= G_MAXUINT32, FALSE);
  note_subtransaction (self, subxid);
  header.sum = checksum (self->written + self->tail->len, subxid, data, size);
  g_byte_array_append (self->tail, (const guint8 *) &header, sizeof header);
  g_byte_array_append (self->tail, data, (guint) size);
  return self->tail->len < self->memory || flush_tail (self, error);
}

static gboolean
cut_at (PgmSpill *self, guint64 offset, GError **error)
{
  if (offset >= self->written)
    {
      g_byte_array_set_size (self->tail, (guint) (offset - self->written));
      return TRUE;
    }
  g_byte_array_set_size (self->tail, 0);
  if (ftruncate (self->fd, (off_t) offset) != 0)
    return fail (error, "cut", errno);
  self->written = offset;
  return TRUE;
}

gboolean
pgm_spill_abort (PgmSpill *self, guint32 subxid, GError **error)
{
  guint place = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, GUINT_TO_POINTER (subxid)));
  guint64 offset;

  if (place == 0)
    return TRUE;
  offset = g_array_index (self->subs, Subtransaction, place - 1).offset;
  for (guint i = place - 1; i < self->subs->len; i++)
    g_hash_table_remove (self->places,
                         GUINT_TO_POINTER (g_array_index (self->subs, Subtransaction, i).xid));
  g_array_set_size (self->subs, place - 1);
  return cut_at (self, offset, error);
}

gboolean
pgm_spill_rewind (PgmSpill *self, GError **error)
{
  self->total = self->written + self->tail->len;
  self->read = 0;
  self->start = 0;
  if (self->fd < 0)
    return TRUE;
  return flush_tail (self, error);
}

/* Makes the next @size bytes lie in the window. FALSE: they aren't there. */
static gboolean
fill_window (PgmSpill *self, gsize size, GError **error)
{
  guint64 have = self->tail->len - self->start;
  guint64 place = self->read + have;

  if (have >= size)
    return TRUE;
  g_byte_array_remove_range (self->tail, 0, (guint) self->start);
  self->start = 0;
  g_byte_array_set_size (self->tail, (guint) MAX (size, self->memory));
  while (have < size)
    {
      gssize n = self->fd < 0 ? 0
                              : pread (self->fd, self->tail->data + have, self->tail->len - have,
                                       (off_t) place);

      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return fail (error, "read", n < 0 ? errno : EIO);
      have += (guint64) n;
      place += (guint64) n;
    }
  g_byte_array_set_size (self->tail, (guint) have);
  return TRUE;
}

static PgmSpillResult
fail_damaged (PgmSpill *self, GError **error)
{
  g_autofree char *detail =
      g_strdup_printf ("Transaction %u, at byte %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT ".",
                       self->xid, self->read, self->total);

  pgm_error_set_full (error, PGM_ERROR_LOST, NULL, detail, NULL,
                      "the file that keeps a large transaction is damaged");
  return PGM_SPILL_FAILED;
}

PgmSpillResult
pgm_spill_next (PgmSpill *self, const guint8 **data, gsize *size, GError **error)
{
  Header header;

  if (self->read == self->total)
    return PGM_SPILL_END;
  if (self->total - self->read < sizeof header)
    return fail_damaged (self, error);
  if (!fill_window (self, sizeof header, error))
    return PGM_SPILL_FAILED;
  memcpy (&header, self->tail->data + self->start, sizeof header);
  if (header.size > self->total - self->read - sizeof header)
    return fail_damaged (self, error);
  if (!fill_window (self, sizeof header + header.size, error))
    return PGM_SPILL_FAILED;
  *data = self->tail->data + self->start + sizeof header;
  *size = header.size;
  if (header.sum != checksum (self->read, header.xid, *data, *size))
    return fail_damaged (self, error);
  self->read += sizeof header + header.size;
  self->start += sizeof header + header.size;
  return PGM_SPILL_RECORD;
}

guint64
pgm_spill_get_bytes (PgmSpill *self)
{
  return self->written + self->tail->len;
}

int
pgm_spill_get_fd (PgmSpill *self)
{
  return self->fd;
}
