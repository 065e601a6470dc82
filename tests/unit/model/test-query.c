/* Records as parameters of a URL. */
#include "model/question.h"

#include <string.h>

static void
test_round_trip (void)
{
  PgmPrivilegesQuery *query = pgm_record_new (&pgm_privileges_query_type);
  PgmPrivilegesQuery *again;
  g_autofree char *text = NULL;
  g_autofree char *empty = NULL;
  g_autoptr (GError) error = NULL;

  empty = pgm_record_to_query (query);
  g_assert_cmpstr (empty, ==, "");
  query->purpose = g_strdup ("monitor,back-up");
  query->database = g_strdup ("a&b=c d/ü+%");
  text = pgm_record_to_query (query);
  g_assert_null (strpbrk (text, " /+"));
  again = pgm_record_from_query (&pgm_privileges_query_type, text, &error);
  g_assert_no_error (error);
  g_assert_true (pgm_record_equal (query, again));
  pgm_record_unref (query);
  pgm_record_unref (again);
}

static void
test_kinds (void)
{
  g_autoptr (GError) error = NULL;
  PgmForceQuery *force = pgm_record_from_query (&pgm_force_query_type, "force=true", &error);
  PgmMetricsQuery *metrics = pgm_record_from_query (
      &pgm_metrics_query_type, "from=2025-01-31T12:00:00Z&to=2025-01-31T13:00:00%2B01:00", &error);
  PgmMetricsQuery *nothing = pgm_record_from_query (&pgm_metrics_query_type, NULL, &error);

  g_assert_no_error (error);
  g_assert_true (force->force);
  g_assert_cmpint (metrics->from, ==, G_GINT64_CONSTANT (1738324800000000));
  g_assert_cmpint (metrics->to, ==, metrics->from);
  g_assert_cmpint (nothing->from, ==, 0);
  pgm_record_unref (force);
  pgm_record_unref (metrics);
  pgm_record_unref (nothing);
}

static void
test_refuses (void)
{
  static const struct
  {
    const PgmRecordType *type;
    const char *query;
    const char *word;
  } cases[] = {
    { &pgm_force_query_type, "force=1", "\"force\" must be true or false" },
    { &pgm_force_query_type, "force=true&force=true", "twice" },
    { &pgm_force_query_type, "strength=9", "\"strength\" is not known" },
    { &pgm_force_query_type, "force=%zz", "understood" },
    { &pgm_metrics_query_type, "from=yesterday", "must be a time" },
    { &pgm_connection_test_type, "password=x", "can't be a parameter" },
    { &pgm_cluster_type, "nodes=x", "can't be a parameter" },
    { &pgm_node_type, "port=12x", "must be an integer" },
    { &pgm_node_type, "role=king", "one of: primary" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      gpointer record = pgm_record_from_query (cases[i].type, cases[i].query, &error);

      g_assert_null (record);
      g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
      g_assert_nonnull (strstr (error->message, cases[i].word));
    }
}

/* A question's path has its subject where it says so, and a request that is a
 * parameter can be one. */
static void
test_questions (void)
{
  for (guint i = 0; i < PGM_ASK_COUNT; i++)
    {
      const PgmQuestion *question = pgm_question_get (i);

      g_assert_true (g_str_has_prefix (question->path, "/"));
      g_assert_true (question->response != NULL || question->status == 204);
      if (question->request == NULL || g_str_equal (question->method, "POST") ||
          g_str_equal (question->method, "PUT"))
        continue;
      for (const PgmField *field = question->request->fields; field->name != NULL; field++)
        g_assert_true (field->kind != PGM_FIELD_SECRET && field->kind != PGM_FIELD_RECORD &&
                       field->kind != PGM_FIELD_RECORDS && field->kind != PGM_FIELD_STRV);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/query/round-trip", test_round_trip);
  g_test_add_func ("/model/query/kinds", test_kinds);
  g_test_add_func ("/model/query/refuses", test_refuses);
  g_test_add_func ("/model/query/questions", test_questions);
  return g_test_run ();
}
