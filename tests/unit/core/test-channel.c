#include "core/channel.h"

#define FOREVER (-1)

typedef struct
{
  PgmChannel *channel;
  GCancellable *cancellable;
  PgmChannelResult result;
  gpointer item;
} Side;

static gpointer
number (gsize value)
{
  return GSIZE_TO_POINTER (value);
}

static gpointer
pop_once (gpointer data)
{
  Side *side = data;

  side->result = pgm_channel_pop (side->channel, &side->item, FOREVER, side->cancellable);
  return NULL;
}

static gpointer
push_once (gpointer data)
{
  Side *side = data;

  side->result = pgm_channel_push (side->channel, side->item, 1, FOREVER, side->cancellable);
  return NULL;
}

static void
count_free (gpointer item)
{
  int *count = item;

  g_atomic_int_inc (count);
}

static void
test_order_and_limits (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (3, 100, NULL);
  gpointer item = NULL;

  g_assert_cmpint (pgm_channel_push (channel, number (1), 40, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (2), 40, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (9), 21, 0, NULL), ==, PGM_CHANNEL_TIMEOUT);
  g_assert_cmpint (pgm_channel_push (channel, number (3), 20, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (9), 0, 0, NULL), ==, PGM_CHANNEL_TIMEOUT);
  g_assert_cmpuint (pgm_channel_get_items (channel), ==, 3);
  g_assert_cmpuint (pgm_channel_get_bytes (channel), ==, 100);
  for (gsize i = 1; i <= 3; i++)
    {
      g_assert_cmpint (pgm_channel_pop (channel, &item, 0, NULL), ==, PGM_CHANNEL_OK);
      g_assert_true (item == number (i));
    }
  g_assert_cmpint (pgm_channel_pop (channel, &item, 0, NULL), ==, PGM_CHANNEL_TIMEOUT);
  g_assert_null (item);
  g_assert_cmpuint (pgm_channel_get_bytes (channel), ==, 0);
}

static void
test_heavy_item (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 100, NULL);
  gpointer item = NULL;

  g_assert_cmpint (pgm_channel_push (channel, number (1), 5000, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (2), 1, 0, NULL), ==, PGM_CHANNEL_TIMEOUT);
  g_assert_cmpint (pgm_channel_pop (channel, &item, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (2), 1, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_push (channel, number (3), G_MAXSIZE, 0, NULL), ==,
                   PGM_CHANNEL_TIMEOUT);
}

static void
test_timeout (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (1, 0, NULL);
  gint64 start = g_get_monotonic_time ();
  gpointer item = NULL;

  g_assert_cmpint (pgm_channel_pop (channel, &item, 30000, NULL), ==, PGM_CHANNEL_TIMEOUT);
  g_assert_cmpint (g_get_monotonic_time () - start, >=, 30000);
}

static void
test_close_drains (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 0, NULL);
  gpointer item = NULL;

  g_assert_cmpint (pgm_channel_push (channel, number (1), 1, 0, NULL), ==, PGM_CHANNEL_OK);
  pgm_channel_close (channel);
  pgm_channel_close (channel);
  g_assert_cmpint (pgm_channel_push (channel, number (2), 1, 0, NULL), ==, PGM_CHANNEL_END);
  g_assert_cmpint (pgm_channel_pop (channel, &item, 0, NULL), ==, PGM_CHANNEL_OK);
  g_assert_cmpint (pgm_channel_pop (channel, &item, FOREVER, NULL), ==, PGM_CHANNEL_END);
}

static void
test_abort_drops (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 0, count_free);
  gpointer item = NULL;
  int freed = 0;

  for (int i = 0; i < 3; i++)
    g_assert_cmpint (pgm_channel_push (channel, &freed, 1, 0, NULL), ==, PGM_CHANNEL_OK);
  pgm_channel_abort (channel);
  g_assert_cmpint (freed, ==, 3);
  g_assert_cmpuint (pgm_channel_get_items (channel), ==, 0);
  pgm_channel_close (channel);
  g_assert_cmpint (pgm_channel_pop (channel, &item, FOREVER, NULL), ==, PGM_CHANNEL_CANCELLED);
  g_assert_cmpint (pgm_channel_push (channel, &freed, 1, 0, NULL), ==, PGM_CHANNEL_CANCELLED);
  g_assert_cmpint (freed, ==, 3);
}

static void
test_last_reference_frees (void)
{
  PgmChannel *channel = pgm_channel_new (0, 0, count_free);
  int freed = 0;

  g_assert_cmpint (pgm_channel_push (channel, &freed, 1, 0, NULL), ==, PGM_CHANNEL_OK);
  pgm_channel_unref (pgm_channel_ref (channel));
  g_assert_cmpint (freed, ==, 0);
  pgm_channel_unref (channel);
  g_assert_cmpint (freed, ==, 1);
}

/* A side that waits without end wakes up for each way of ending. */
static void
wake (GThreadFunc side_func, void (*end) (Side *), PgmChannelResult expected)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (1, 0, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Side side = { channel, cancellable, PGM_CHANNEL_OK, NULL };
  GThread *thread;

  if (side_func == push_once)
    g_assert_cmpint (pgm_channel_push (channel, number (1), 1, 0, NULL), ==, PGM_CHANNEL_OK);
  thread = g_thread_new ("side", side_func, &side);
  g_usleep (20000);
  end (&side);
  (void) g_thread_join (thread);
  g_assert_cmpint (side.result, ==, expected);
}

static void
end_by_close (Side *side)
{
  pgm_channel_close (side->channel);
}

static void
end_by_abort (Side *side)
{
  pgm_channel_abort (side->channel);
}

static void
end_by_cancel (Side *side)
{
  g_cancellable_cancel (side->cancellable);
}

static void
test_wake (void)
{
  wake (pop_once, end_by_close, PGM_CHANNEL_END);
  wake (pop_once, end_by_abort, PGM_CHANNEL_CANCELLED);
  wake (pop_once, end_by_cancel, PGM_CHANNEL_CANCELLED);
  wake (push_once, end_by_close, PGM_CHANNEL_END);
  wake (push_once, end_by_abort, PGM_CHANNEL_CANCELLED);
  wake (push_once, end_by_cancel, PGM_CHANNEL_CANCELLED);
}

static void
test_cancelled_before (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (0, 0, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  gpointer item = NULL;

  g_assert_cmpint (pgm_channel_push (channel, number (1), 1, 0, NULL), ==, PGM_CHANNEL_OK);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (pgm_channel_pop (channel, &item, FOREVER, cancellable), ==,
                   PGM_CHANNEL_CANCELLED);
  g_assert_cmpuint (pgm_channel_get_items (channel), ==, 1);
}

/* Cancelling at any moment of a wait neither hangs nor loses the wake-up. */
static void
test_cancel_race (void)
{
  for (guint round = 0; round < 500; round++)
    {
      g_autoptr (PgmChannel) channel = pgm_channel_new (1, 0, NULL);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Side side = { channel, cancellable, PGM_CHANNEL_OK, NULL };
      GThread *thread = g_thread_new ("pop", pop_once, &side);

      g_usleep (round % 50);
      g_cancellable_cancel (cancellable);
      (void) g_thread_join (thread);
      g_assert_cmpint (side.result, ==, PGM_CHANNEL_CANCELLED);
    }
}

#define ITEMS_PER_PRODUCER ((gsize) 20000)

static gpointer
produce (gpointer data)
{
  Side *side = data;

  for (gsize i = 1; i <= ITEMS_PER_PRODUCER; i++)
    g_assert_cmpint (
        pgm_channel_push (side->channel, number (i), i % 7, FOREVER, side->cancellable), ==,
        PGM_CHANNEL_OK);
  return NULL;
}

static void
test_many (void)
{
  g_autoptr (PgmChannel) channel = pgm_channel_new (8, 16, NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Side side = { channel, cancellable, PGM_CHANNEL_OK, NULL };
  GThread *producers[2];
  gsize sum = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (producers); i++)
    producers[i] = g_thread_new ("produce", produce, &side);
  for (gsize i = 0; i < ITEMS_PER_PRODUCER * G_N_ELEMENTS (producers); i++)
    {
      gpointer item = NULL;

      g_assert_cmpint (pgm_channel_pop (channel, &item, FOREVER, cancellable), ==, PGM_CHANNEL_OK);
      sum += GPOINTER_TO_SIZE (item);
      g_assert_cmpuint (pgm_channel_get_items (channel), <=, 8);
      g_assert_cmpuint (pgm_channel_get_bytes (channel), <=, 16);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (producers); i++)
    (void) g_thread_join (producers[i]);
  g_assert_cmpuint (sum, ==, ITEMS_PER_PRODUCER * (ITEMS_PER_PRODUCER + 1));
  g_assert_cmpuint (pgm_channel_get_items (channel), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/channel/order-and-limits", test_order_and_limits);
  g_test_add_func ("/core/channel/heavy-item", test_heavy_item);
  g_test_add_func ("/core/channel/timeout", test_timeout);
  g_test_add_func ("/core/channel/close-drains", test_close_drains);
  g_test_add_func ("/core/channel/abort-drops", test_abort_drops);
  g_test_add_func ("/core/channel/last-reference-frees", test_last_reference_frees);
  g_test_add_func ("/core/channel/wake", test_wake);
  g_test_add_func ("/core/channel/cancelled-before", test_cancelled_before);
  g_test_add_func ("/core/channel/cancel-race", test_cancel_race);
  g_test_add_func ("/core/channel/many", test_many);
  return g_test_run ();
}
