/* Runs a preflight between two databases of throw-away clusters and looks at its
 * lines. Shared by the preflight's tests. */
#pragma once

#include "migration/preflight.h"
#include "../../fixture/cluster.h"

#include <string.h>

G_BEGIN_DECLS

typedef struct
{
  PgmTestCluster *source;
  PgmTestCluster *destination;
  const char *source_db;
  const char *destination_db;
  const char *source_user; /* NULL: the superuser */
  const char *destination_user;
  void (*options) (PgmCloneOptions *options); /* may be NULL */
} Bench;

/* A running cluster, or NULL and the test is marked as skipped. */
static inline PgmTestCluster *
bench_cluster (int major, const char *settings)
{
  g_autoptr (GError) error = NULL;
  PgmTestCluster *cluster =
      pgm_test_cluster_new_full (major, NULL, settings, PGM_TEST_CLUSTER_DEFAULT, &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_test_skip (error->message);
  else
    g_assert_no_error (error);
  return cluster;
}

static inline PgmJobSpec *
bench_spec (const Bench *bench)
{
  PgmJobSpec *spec = pgm_record_new (&pgm_job_spec_type);

  spec->kind = PGM_JOB_CLONE;
  spec->source = pgm_record_new (&pgm_endpoint_type);
  spec->source->uri = g_strdup (pgm_test_cluster_get_uri (bench->source, bench->source_db));
  spec->source->user = g_strdup (bench->source_user);
  spec->destination = pgm_record_new (&pgm_endpoint_type);
  spec->destination->uri =
      g_strdup (pgm_test_cluster_get_uri (bench->destination, bench->destination_db));
  spec->destination->user = g_strdup (bench->destination_user);
  spec->clone = pgm_record_new (&pgm_clone_options_type);
  spec->clone->bindir = g_strdup (pgm_test_cluster_get_bindir (
      pgm_test_cluster_get_major (bench->source) > pgm_test_cluster_get_major (bench->destination)
          ? bench->source
          : bench->destination));
  if (bench->options != NULL)
    bench->options (spec->clone);
  return spec;
}

static inline gboolean
bench_try (const Bench *bench, PgmReport *report, GCancellable *cancellable, GError **error)
{
  PgmJobSpec *spec = bench_spec (bench);
  g_autoptr (PgmEnds) ends = pgm_ends_open (spec, NULL, error);
  g_autoptr (PgmConnection) source = NULL;
  g_autoptr (PgmConnection) destination = NULL;
  g_autoptr (PgmCatalog) catalog = NULL;
  g_autoptr (PgmFilter) filter = NULL;
  gboolean done;

  g_assert_nonnull (ends);
  source = pgm_ends_connect (ends, PGM_END_SOURCE, "preflight", NULL, error);
  g_assert_nonnull (source);
  destination = pgm_ends_connect (ends, PGM_END_DESTINATION, "preflight", NULL, error);
  g_assert_nonnull (destination);
  catalog = pgm_catalog_read_structure (source, NULL, error);
  g_assert_nonnull (catalog);
  filter = pgm_filter_new ((const char *const *) spec->clone->include,
                           (const char *const *) spec->clone->exclude, error);
  g_assert_nonnull (filter);
  pgm_filter_apply (filter, catalog);
  done = pgm_preflight_run (ends, spec, source, destination, catalog, filter, report, cancellable,
                            error);
  pgm_record_unref (spec);
  return done;
}

static inline PgmReport *
bench_run (const Bench *bench)
{
  g_autoptr (GError) error = NULL;
  PgmReport *report = pgm_record_new (&pgm_report_type);
  gboolean done = bench_try (bench, report, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (done);
  return report;
}

static inline void
bench_print (PgmReport *report)
{
  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);

      g_test_message ("%-7s %s: %s%s%s", pgm_check_level_names[check->level], check->name,
                      check->reason, check->fix_sql != NULL ? "\n        " : "",
                      check->fix_sql != NULL ? check->fix_sql : "");
    }
}

/* The first line of that name whose reason holds @part (NULL: any). */
static inline const PgmCheck *
bench_find (PgmReport *report, const char *name, const char *part)
{
  for (guint i = 0; i < report->checks->len; i++)
    {
      const PgmCheck *check = g_ptr_array_index (report->checks, i);

      if (g_str_equal (check->name, name) && (part == NULL || strstr (check->reason, part) != NULL))
        return check;
    }
  return NULL;
}

/* Aborts when there is no such line of that level; returns its fix. */
static inline const char *
bench_expect (PgmReport *report, const char *name, PgmCheckLevel level, const char *part)
{
  const PgmCheck *check = bench_find (report, name, part);

  if (check == NULL || check->level != (int) level)
    {
      bench_print (report);
      g_error ("no line “%s” of level %s with “%s”", name, pgm_check_level_names[level],
               part != NULL ? part : "");
    }
  return check->fix_sql;
}

static inline void
bench_expect_green (PgmReport *report)
{
  if (pgm_report_has_blocker (report))
    {
      bench_print (report);
      g_error ("a blocker is left");
    }
}

G_END_DECLS
