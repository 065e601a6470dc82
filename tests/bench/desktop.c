/* What the page of a migration costs: processor time of the window at two pictures a
 * second of thousands of tables, seen and hidden; a search over 25,000 of them; the
 * graphs' own drawing; an hour of streaming. Prints one line of JSON for each; --check
 * ends with 1 when a target is missed. Needs a display (tests/app/display.sh). */
#include <adwaita.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "app/migration-overview.h"
#include "app/migration-tables.h"

#define SECONDS 8

typedef struct
{
  const char *name;
  double value;
  double target;
  const char *unit;
} Figure;

static double
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double) now.tv_sec + (double) now.tv_nsec / 1e9;
}

static guint
tell (const Figure *figure)
{
  gboolean good = figure->value <= figure->target;

  g_print ("{\"name\": \"%s\", \"value\": %.3f, \"unit\": \"%s\", \"target\": %.3f, \"met\": %s}\n",
           figure->name, figure->value, figure->unit, figure->target, good ? "true" : "false");
  return good ? 0 : 1;
}

static gboolean
on_time (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* As a program runs: asleep while nothing happens. */
static void
run_for (double seconds)
{
  gboolean over = FALSE;

  g_timeout_add ((guint) (seconds * 1000), on_time, &over);
  while (!over)
    g_main_context_iteration (NULL, TRUE);
}

static PgmSnapshot *
make_snapshot (guint tables, guint64 rows)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

  snapshot->timestamp = g_get_real_time ();
  snapshot->phase = PGM_PHASE_COPY;
  snapshot->tables_total = tables;
  snapshot->rows_per_sec = 120000;
  for (guint i = 0; i < tables; i++)
    {
      PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

      table->schema = g_strdup_printf ("schema_%u", i % 20);
      table->name = g_strdup_printf ("table_%05u", i);
      table->status = PGM_TABLE_COPYING;
      table->rows_copied = rows + i;
      table->size_bytes = (guint64) (i + 1) * 8192;
      table->bytes_copied = rows * 100;
      table->percent = (double) (rows % 100);
      g_ptr_array_add (snapshot->tables, table);
    }
  return snapshot;
}

/* Made beforehand: only what the window does with them is measured. */
static GPtrArray *
make_snapshots (guint count, guint tables)
{
  GPtrArray *snapshots = g_ptr_array_new_with_free_func (pgm_record_unref);

  for (guint i = 0; i < count; i++)
    g_ptr_array_add (snapshots, make_snapshot (tables, 1000 + 977 * i));
  return snapshots;
}

static double
measure_tables (PgmMigrationTables *tables, GPtrArray *snapshots)
{
  double cpu, wall;
  gint64 began;

  pgm_migration_tables_update (tables, g_ptr_array_index (snapshots, 0));
  run_for (1.5);
  cpu = cpu_seconds ();
  began = g_get_monotonic_time ();
  for (guint i = 1; i < snapshots->len; i++)
    {
      PgmSnapshot *snapshot = g_ptr_array_index (snapshots, i);

      snapshot->timestamp = g_get_real_time ();
      pgm_migration_tables_update (tables, snapshot);
      run_for (0.5);
    }
  wall = (double) (g_get_monotonic_time () - began) / G_USEC_PER_SEC;
  return 100 * (cpu_seconds () - cpu) / wall;
}

static guint
bench_tables (GtkWindow *window, guint count, gboolean seen)
{
  PgmMigrationTables *tables = g_object_new (PGM_TYPE_MIGRATION_TABLES, NULL);
  GtkWidget *stack = gtk_stack_new ();
  GPtrArray *snapshots = make_snapshots (SECONDS * 2 + 1, count);
  double share;
  g_autofree char *name =
      g_strdup_printf ("%u tables at 2 Hz, %s", count, seen ? "seen" : "hidden");

  gtk_stack_add_named (GTK_STACK (stack), GTK_WIDGET (tables), "tables");
  gtk_stack_add_named (GTK_STACK (stack), gtk_label_new ("another page"), "other");
  gtk_window_set_child (window, stack);
  run_for (0.5);
  gtk_stack_set_visible_child_name (GTK_STACK (stack), seen ? "tables" : "other");
  run_for (0.5);
  share = measure_tables (tables, snapshots);
  g_ptr_array_unref (snapshots);
  return tell (&(Figure){ name, share, seen ? 3 : 1, "% of a core" });
}

/* From a letter typed to the list that shows it, without the frame that draws it: of
 * processor time, so that others on the machine don't count. */
static guint
bench_search (GtkWindow *window, guint count)
{
  static const char *const words[] = { "1", "12", "123", "12", "schema_7.table_0", "", "zzz", "" };
  PgmMigrationTables *tables = g_object_new (PGM_TYPE_MIGRATION_TABLES, NULL);
  PgmSnapshot *snapshot = make_snapshot (count, 1);
  double longest = 0;

  gtk_window_set_child (window, GTK_WIDGET (tables));
  run_for (0.5);
  pgm_migration_tables_update (tables, snapshot);
  run_for (1);
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      double began = cpu_seconds ();

      pgm_table_view_set_search (pgm_migration_tables_get_view (tables), words[i]);
      longest = MAX (longest, (cpu_seconds () - began) * 1000);
      run_for (0.3);
    }
  pgm_record_unref (snapshot);
  return tell (&(Figure){ "search over 25,000 tables, longest", longest, 50, "ms" });
}

/* An hour of streaming at two a second, as fast as it goes, drawn now and then. */
static guint
bench_stream (GtkWindow *window)
{
  PgmMigrationOverview *overview = g_object_new (PGM_TYPE_MIGRATION_OVERVIEW, NULL);
  PgmGraphView *graph;
  gint64 time = g_get_real_time ();
  guint missed = 0;
  long pages[2] = { 0, 0 };

  gtk_window_set_child (window, GTK_WIDGET (overview));
  graph = pgm_graph_panel_get_view (pgm_migration_overview_get_lag_graph (overview));
  pgm_graph_view_set_span (graph, PGM_GRAPH_ALL);
  run_for (0.5);
  for (guint i = 0; i < 4 * 7200; i++)
    {
      PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);

      snapshot->timestamp = time + (gint64) i * G_USEC_PER_SEC / 2;
      snapshot->phase = PGM_PHASE_STREAMING;
      snapshot->applied_lsn = i + 1;
      snapshot->lag_bytes = (guint64) (i * 7919 % 5000000);
      snapshot->lag_sec = (double) (i % 50) / 10;
      snapshot->changes = (guint64) i * 600;
      pgm_migration_overview_record (overview, snapshot);
      pgm_migration_overview_show (overview, snapshot);
      pgm_record_unref (snapshot);
      if (i % 200 == 0)
        run_for (0.02);
      if (i == 2 * 7200 || i == 4 * 7200 - 1)
        {
          g_autofree char *text = NULL;

          g_assert_true (g_file_get_contents ("/proc/self/statm", &text, NULL, NULL));
          pages[i == 2 * 7200 ? 0 : 1] = strtol (strchr (text, ' '), NULL, 10);
        }
    }
  missed += tell (&(Figure){ "graph's own snapshot(), median",
                             (double) pgm_graph_view_get_draw_time (graph) / 1000, 4, "ms" });
  missed += tell (&(Figure){
      "an hour of streaming after an hour, growth",
      (double) (pages[1] - pages[0]) * (double) sysconf (_SC_PAGESIZE) / 1048576, 1, "MiB" });
  return missed;
}

int
main (int argc, char **argv)
{
  gboolean check = argc == 2 && strcmp (argv[1], "--check") == 0;
  GtkWindow *window;
  guint missed = 0;

  if (argc > (check ? 2 : 1))
    {
      g_printerr ("usage: desktop [--check]\n");
      return 2;
    }
  adw_init ();
  window = GTK_WINDOW (gtk_window_new ());
  gtk_window_set_default_size (window, 1060, 760);
  gtk_window_present (window);
  missed += bench_tables (window, 5000, TRUE);
  missed += bench_tables (window, 5000, FALSE);
  missed += bench_search (window, 25000);
  missed += bench_stream (window);
  gtk_window_destroy (window);
  return check && missed > 0 ? 1 : 0;
}
