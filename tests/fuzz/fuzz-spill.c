/* The spill file: the bytes are a history of records and aborts, and then of damage
 * done to the file. What comes back is what went in, or an error that says so. */
#include "config.h"

#include <string.h>
#include <unistd.h>

#include "core/error.h"
#include "core/reader.h"
#include "fuzz.h"
#include "migration/spill.h"

#define TOP_XID  100
#define MAX_SIZE 3000

typedef struct
{
  guint32 xid;
  GBytes *bytes;
} Kept;

static void
clear_kept (gpointer kept)
{
  g_bytes_unref (((Kept *) kept)->bytes);
}

static GBytes *
make_bytes (guint8 fill, gsize size)
{
  g_autofree guint8 *bytes = g_malloc (size + 1);

  memset (bytes, fill, size);
  return g_bytes_new (bytes, size);
}

static void
append (PgmSpill *spill, GArray *kept, guint32 xid, guint8 fill, gsize size)
{
  Kept record = { xid, make_bytes (fill, size) };
  g_autoptr (GError) error = NULL;
  gboolean done =
      pgm_spill_append (spill, xid, g_bytes_get_data (record.bytes, NULL), size, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  g_array_append_val (kept, record);
}

/* From its first record on, everything belongs to it or to its children. */
static void
abort_sub (PgmSpill *spill, GArray *kept, guint32 xid)
{
  g_autoptr (GError) error = NULL;
  gboolean done = pgm_spill_abort (spill, xid, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  for (guint i = 0; i < kept->len; i++)
    if (g_array_index (kept, Kept, i).xid == xid)
      g_array_set_size (kept, i);
}

static void
play (PgmSpill *spill, GArray *kept, PgmReader *reader, guint steps)
{
  for (guint i = 0; i < steps && pgm_reader_left (reader) > 0; i++)
    {
      guint8 step = pgm_reader_u8 (reader);
      guint32 xid = TOP_XID + step % 4;
      gsize size = step >= 64 ? pgm_reader_u16 (reader) % MAX_SIZE : step;

      if (step >= 192 && xid != TOP_XID)
        abort_sub (spill, kept, xid);
      else
        append (spill, kept, xid, step, size);
    }
}

/* Whether a byte of the file is another one now. */
static gboolean
damage (PgmSpill *spill, PgmReader *reader)
{
  guint64 size = pgm_spill_get_bytes (spill);
  gboolean damaged = FALSE;

  while (pgm_spill_get_fd (spill) >= 0 && size > 0 && pgm_reader_left (reader) >= 3)
    {
      off_t place = (off_t) (pgm_reader_u16 (reader) % size);
      guint8 before = 0;
      guint8 after = pgm_reader_u8 (reader);

      g_assert_cmpint (pread (pgm_spill_get_fd (spill), &before, 1, place), ==, 1);
      g_assert_cmpint (pwrite (pgm_spill_get_fd (spill), &after, 1, place), ==, 1);
      damaged |= before != after;
    }
  return damaged;
}

static void
read_back (PgmSpill *spill, const GArray *kept, gboolean damaged)
{
  g_autoptr (GError) error = NULL;
  const guint8 *data = NULL;
  PgmSpillResult result;
  gsize size = 0;
  guint n = 0;

  for (; (result = pgm_spill_next (spill, &data, &size, &error)) == PGM_SPILL_RECORD; n++)
    {
      g_autoptr (GBytes) bytes = g_bytes_new (data, size);

      g_assert_cmpuint (n, <, kept->len);
      g_assert_true (g_bytes_equal (bytes, g_array_index (kept, Kept, n).bytes));
    }
  if (result == PGM_SPILL_FAILED)
    g_assert_true (damaged && g_error_matches (error, PGM_ERROR, PGM_ERROR_LOST));
  else
    g_assert_cmpuint (n, ==, kept->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GArray) kept = g_array_new (FALSE, FALSE, sizeof (Kept));
  g_autoptr (PgmSpill) spill = NULL;
  g_autoptr (GError) error = NULL;
  PgmReader reader;
  guint steps;

  g_array_set_clear_func (kept, clear_kept);
  pgm_reader_init (&reader, data, size);
  steps = pgm_reader_u8 (&reader);
  spill = pgm_spill_new (g_get_tmp_dir (), TOP_XID, (gsize) pgm_reader_u16 (&reader) + 1);
  play (spill, kept, &reader, steps);
  g_assert_true (pgm_spill_rewind (spill, &error));
  read_back (spill, kept, damage (spill, &reader));
  return 0;
}
