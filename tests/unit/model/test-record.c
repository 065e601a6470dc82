/* What every record must do, tried on random values made from its own table of
 * fields. */
#include "model/summary.h"
#include "model/job.h"
#include "model/question.h"
#include "model/report.h"
#include "model/sample.h"
#include "model/snapshot.h"

static const PgmRecordType *const all_types[] = {
  &pgm_endpoint_type,
  &pgm_clone_options_type,
  &pgm_compare_options_type,
  &pgm_job_spec_type,
  &pgm_check_type,
  &pgm_problem_type,
  &pgm_plan_table_type,
  &pgm_object_difference_type,
  &pgm_row_difference_type,
  &pgm_table_comparison_type,
  &pgm_report_type,
  &pgm_sample_spec_type,
  &pgm_sample_type,
  &pgm_table_progress_type,
  &pgm_event_type,
  &pgm_phase_entry_type,
  &pgm_error_entry_type,
  &pgm_statement_note_type,
  &pgm_schema_stats_type,
  &pgm_snapshot_type,
  &pgm_node_type,
  &pgm_cluster_type,
  &pgm_cluster_file_type,
  &pgm_secret_file_type,
  &pgm_connection_test_type,
  &pgm_connection_result_type,
  &pgm_node_state_type,
  &pgm_discover_query_type,
  &pgm_discovery_type,
  &pgm_introspection_type,
  &pgm_replication_type,
  &pgm_privileges_query_type,
  &pgm_privilege_matrix_type,
  &pgm_migration_body_type,
  &pgm_migration_type,
  &pgm_job_info_type,
  &pgm_metric_point_type,
  &pgm_config_type,
  &pgm_server_config_type,
  &pgm_daemon_info_type,
  &pgm_summary_type,
  &pgm_ticket_type,
};

static const char *const texts[] = {
  "",
  "a",
  "Ελλάδα",
  "\"quoted\\\"",
  "line\nend\ttab\r",
  "\x01\x1f\x7f",
  "\xc2\x85 C1",
  "a/b",
  "\xf0\x9f\x98\x80",
  "</script>",
  "\xe2\x80\xae",
  "null",
};

static char *
random_text (GRand *random)
{
  return g_strdup (texts[g_rand_int_range (random, 0, G_N_ELEMENTS (texts))]);
}

static gint64
random_integer (GRand *random)
{
  static const gint64 edges[] = {
    0, 1, -1, G_MAXINT64, G_MININT64, (1LL << 53) + 1, -(1LL << 53) - 1
  };

  if (g_rand_boolean (random))
    return edges[g_rand_int_range (random, 0, G_N_ELEMENTS (edges))];
  return (gint64) (((guint64) g_rand_int (random) << 32) | g_rand_int (random));
}

static double
random_double (GRand *random)
{
  static const double edges[] = { 0,
                                  -0.0,
                                  0.1,
                                  1e300,
                                  -1e-300,
                                  123456789012345678.0,
                                  1e15,
                                  42,
                                  -17.25,
                                  1.0 / 3,
                                  9007199254740993.0,
                                  5e-324 };

  if (g_rand_boolean (random))
    return edges[g_rand_int_range (random, 0, G_N_ELEMENTS (edges))];
  return g_rand_double_range (random, -1e12, 1e12);
}

static gpointer random_record (const PgmRecordType *type, GRand *random);

static GStrv
random_strv (GRand *random)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (int i = g_rand_int_range (random, 0, 4); i > 0; i--)
    {
      g_autofree char *text = random_text (random);

      g_strv_builder_add (builder, text);
    }
  return g_strv_builder_end (builder);
}

static void
fill_pointer (gpointer place, const PgmField *field, GRand *random)
{
  if ((field->flags & PGM_FIELD_REQUIRED) == 0 && g_rand_boolean (random))
    return;
  if (field->kind == PGM_FIELD_STRING)
    *(char **) place = random_text (random);
  else if (field->kind == PGM_FIELD_STRV)
    *(GStrv *) place = random_strv (random);
  else if (field->kind == PGM_FIELD_SECRET)
    *(PgmSecret **) place = pgm_secret_new ("very secret");
  else if (field->kind == PGM_FIELD_RECORD)
    *(gpointer *) place = random_record (field->record, random);
}

static void
fill_field (gpointer record, const PgmField *field, GRand *random)
{
  gpointer place = (char *) record + field->offset;
  int names = 0;

  switch (field->kind)
    {
    case PGM_FIELD_INT64:
      *(gint64 *) place = random_integer (random);
      break;
    case PGM_FIELD_UINT64:
      *(guint64 *) place = (guint64) random_integer (random) & G_MAXINT64;
      break;
    case PGM_FIELD_DOUBLE:
      *(double *) place = random_double (random);
      break;
    case PGM_FIELD_BOOL:
      *(gboolean *) place = g_rand_boolean (random);
      break;
    case PGM_FIELD_ENUM:
      while (field->names[names] != NULL)
        names++;
      *(int *) place = g_rand_int_range (random, 0, names);
      break;
    case PGM_FIELD_LSN:
      *(guint64 *) place = (guint64) random_integer (random);
      break;
    case PGM_FIELD_TIME: /* 1902 to 2106, half of them on the second */
      *(gint64 *) place = ((gint64) g_rand_int (random) - (1LL << 31)) * G_USEC_PER_SEC + 1000000;
      if (g_rand_boolean (random) || *(gint64 *) place == 0)
        *(gint64 *) place += g_rand_int_range (random, 1, 1000000);
      break;
    case PGM_FIELD_RECORDS:
      for (int i = g_rand_int_range (random, 0, 4); i > 0; i--)
        g_ptr_array_add (*(GPtrArray **) place, random_record (field->record, random));
      break;
    case PGM_FIELD_STRING:
    case PGM_FIELD_STRV:
    case PGM_FIELD_RECORD:
    case PGM_FIELD_SECRET:
    default:
      fill_pointer (place, field, random);
    }
}

static gpointer
random_record (const PgmRecordType *type, GRand *random)
{
  gpointer record = pgm_record_new (type);

  for (const PgmField *field = type->fields; field->name != NULL; field++)
    fill_field (record, field, random);
  return record;
}

/* A copy has everything, secrets too, and lives on alone. */
static void
assert_copies (gpointer record)
{
  g_autoptr (PgmSecret) before = pgm_record_to_secret_json (record);
  g_autoptr (PgmSecret) after = NULL;
  gpointer copy = pgm_record_copy (pgm_record_ref (record));

  pgm_record_unref (record);
  after = pgm_record_to_secret_json (copy);
  g_assert_cmpstr (pgm_secret_reveal (before), ==, pgm_secret_reveal (after));
  pgm_record_unref (copy);
}

/* To JSON and back is the same record, plain and pretty. */
static void
test_round_trip (gconstpointer data)
{
  const PgmRecordType *type = data;
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  for (int i = 0; i < 200; i++)
    {
      gpointer record = random_record (type, random);
      g_autofree char *json = pgm_record_to_json (record, i % 2);
      g_autoptr (GError) error = NULL;
      gpointer back = pgm_record_from_json (type, json, -1, &error);
      g_autofree char *again = NULL;

      g_assert_no_error (error);
      again = pgm_record_to_json (back, i % 2);
      g_assert_cmpstr (json, ==, again);
      g_assert_true (pgm_record_equal (record, back));
      g_assert_null (strstr (json, "very secret"));
      assert_copies (record);
      pgm_record_unref (record);
      pgm_record_unref (back);
    }
}

/* Whatever bytes arrive, the answer is a record or an error. */
static void
test_mutations (gconstpointer data)
{
  const PgmRecordType *type = data;
  guint32 seed = g_test_rand_int ();
  g_autoptr (GRand) random = g_rand_new_with_seed (seed);

  g_test_message ("seed %u", seed);
  for (int i = 0; i < 400; i++)
    {
      gpointer record = random_record (type, random);
      g_autofree char *json = pgm_record_to_json (record, FALSE);
      gsize length = strlen (json);
      g_autoptr (GError) error = NULL;
      gpointer back;

      for (int changes = g_rand_int_range (random, 1, 4); changes > 0; changes--)
        json[g_rand_int_range (random, 0, (gint32) length)] =
            (char) (g_rand_boolean (random) ? "{}[]\",:\\u0-.eE"[g_rand_int_range (random, 0, 15)]
                                            : g_rand_int_range (random, 0, 256));
      length = (gsize) g_rand_int_range (random, 0, (gint32) length + 1);
      back = pgm_record_from_json (type, json, (gssize) length, &error);
      g_assert_true ((back == NULL) == (error != NULL));
      if (error != NULL)
        g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      pgm_record_unref (record);
      pgm_record_unref (back);
    }
}

static void
test_references (void)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  g_assert_nonnull (snapshot->tables);
  table->schema = g_strdup ("public");
  g_ptr_array_add (snapshot->tables, pgm_record_ref (table));
  g_assert_true (pgm_record_ref (snapshot) == snapshot);
  pgm_record_unref (snapshot);
  pgm_record_unref (snapshot);
  g_assert_cmpstr (table->schema, ==, "public");
  pgm_record_unref (table);
  pgm_record_unref (NULL);
}

static void
test_equal (void)
{
  PgmCheck *a = pgm_record_new (&pgm_check_type);
  PgmCheck *b = pgm_record_new (&pgm_check_type);
  PgmEvent *other = pgm_record_new (&pgm_event_type);

  g_assert_true (pgm_record_equal (a, b));
  g_assert_true (pgm_record_equal (NULL, NULL));
  g_assert_false (pgm_record_equal (a, NULL));
  g_assert_false (pgm_record_equal (a, other));
  b->level = PGM_CHECK_BLOCKER;
  g_assert_false (pgm_record_equal (a, b));
  pgm_record_unref (a);
  pgm_record_unref (b);
  pgm_record_unref (other);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (all_types); i++)
    {
      g_autofree char *name = g_strdelimit (g_strdup (all_types[i]->name), " ", '-');
      g_autofree char *trip = g_strdup_printf ("/model/record/round-trip/%s", name);
      g_autofree char *mutations = g_strdup_printf ("/model/record/mutations/%s", name);

      g_test_add_data_func (trip, all_types[i], test_round_trip);
      g_test_add_data_func (mutations, all_types[i], test_mutations);
    }
  g_test_add_func ("/model/record/references", test_references);
  g_test_add_func ("/model/record/equal", test_equal);
  return g_test_run ();
}
