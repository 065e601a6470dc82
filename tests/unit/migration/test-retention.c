#include "migration/retention.h"

#include <string.h>

#define MIB ((gint64) 1024 * 1024)

static guint
count_warnings (PgmProgress *progress)
{
  PgmSnapshot *snapshot = pgm_progress_compose (progress);
  guint n = 0;

  for (guint i = 0; i < snapshot->events->len; i++)
    n += g_str_equal (((PgmEvent *) g_ptr_array_index (snapshot->events, i))->type, "warning");
  pgm_record_unref (snapshot);
  return n;
}

static void
test_f58_time_left (void)
{
  PgmRetentionNotes notes = { .rate = -1 };
  PgmSlot slot = { .safe_wal_size = 100 * MIB, .wal_status = (char[]){ "reserved" } };
  PgmProgressRetention retention;
  gint64 now = 1;

  pgm_retention_note (&notes, &slot, now, NULL, &retention);
  g_assert_cmpfloat (retention.seconds, ==, -1);
  slot.safe_wal_size -= 10 * MIB;
  pgm_retention_note (&notes, &slot, now += 2 * G_USEC_PER_SEC, NULL, &retention);
  g_assert_cmpfloat_with_epsilon (retention.seconds, 18, 0.1);
  /* What is confirmed gives room again. */
  slot.safe_wal_size += 10 * MIB;
  for (guint i = 0; i < 60; i++)
    pgm_retention_note (&notes, &slot, now += 2 * G_USEC_PER_SEC, NULL, &retention);
  g_assert_true (retention.seconds < 0 || retention.seconds > 3600);
  slot.safe_wal_size = -1;
  pgm_retention_note (&notes, &slot, now += 2 * G_USEC_PER_SEC, NULL, &retention);
  g_assert_cmpfloat (retention.seconds, ==, -1);
  g_assert_cmpint (retention.limit, ==, -1);
}

static void
test_f58_warnings (void)
{
  g_autoptr (PgmProgress) progress = pgm_progress_new ("job", "follow", NULL);
  PgmRetentionNotes notes = { .rate = -1 };
  PgmSlot slot = { .safe_wal_size = 1000 * MIB, .wal_status = (char[]){ "reserved" } };
  PgmProgressRetention retention;

  pgm_retention_note (&notes, &slot, 1, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 0);
  slot.retained_bytes = 600 * MIB;
  slot.safe_wal_size = 400 * MIB;
  pgm_retention_note (&notes, &slot, 2, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 1);
  pgm_retention_note (&notes, &slot, 3, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 1);
  slot.retained_bytes = 950 * MIB;
  slot.safe_wal_size = 50 * MIB;
  pgm_retention_note (&notes, &slot, 4, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 2);
  slot.wal_status = (char[]){ "unreserved" };
  slot.retained_bytes = 2000 * MIB;
  slot.safe_wal_size = 0;
  slot.catalog_xmin_age = 20000000;
  pgm_retention_note (&notes, &slot, 5, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 5);
  slot.wal_status = (char[]){ "lost" };
  pgm_retention_note (&notes, &slot, 6, progress, &retention);
  g_assert_cmpuint (count_warnings (progress), ==, 6);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/migration/retention/f58-time-left", test_f58_time_left);
  g_test_add_func ("/migration/retention/f58-warnings", test_f58_warnings);
  return g_test_run ();
}
