/* The codec: what is written to the letter, and what is refused by name. */
#include "model/job.h"
#include "model/report.h"
#include "model/sample.h"
#include "model/snapshot.h"

#include <math.h>

static PgmTableProgress *
make_table (const char *name, PgmTableStatus status)
{
  PgmTableProgress *table = pgm_record_new (&pgm_table_progress_type);

  table->schema = g_strdup ("shop");
  table->name = g_strdup (name);
  table->status = (int) status;
  table->rows_total = 9007199254740993; /* 2^53 + 1 */
  table->rows_copied = 12;
  table->size_bytes = 8192;
  table->bytes_copied = 4096;
  table->percent = 50.5;
  table->elapsed_sec = 0.1;
  return table;
}

static PgmSnapshot *
make_snapshot (void)
{
  PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
  PgmEvent *event = pgm_record_new (&pgm_event_type);
  PgmPhaseEntry *phase = pgm_record_new (&pgm_phase_entry_type);

  snapshot->timestamp = 1738324800000000;
  snapshot->phase = PGM_PHASE_CATCH_UP;
  snapshot->elapsed_sec = 12.25;
  snapshot->applied_lsn = G_GUINT64_CONSTANT (0x16B374D848);
  snapshot->lag_bytes = 4096;
  snapshot->lag_formatted = g_strdup ("4.0 KiB");
  snapshot->tables_total = 2;
  snapshot->tables_copied = 1;
  g_ptr_array_add (snapshot->tables, make_table ("orders", PGM_TABLE_COPIED));
  g_ptr_array_add (snapshot->tables, make_table ("naïve \"x\"\n", PGM_TABLE_COPYING));
  snapshot->eta_sec = -1;
  event->time = 1738324800123456;
  event->type = g_strdup ("phase");
  event->message = g_strdup ("copy");
  g_ptr_array_add (snapshot->events, event);
  phase->phase = PGM_PHASE_COPY;
  phase->started_at = 1738324800000001;
  g_ptr_array_add (snapshot->phases, phase);
  snapshot->schema_stats = pgm_record_new (&pgm_schema_stats_type);
  return snapshot;
}

/* Every byte of it is the API's contract: change this only by adding. */
static const char golden_snapshot[] =
    "{\"timestamp\":\"2025-01-31T12:00:00Z\",\"phase\":\"catch-up\",\"elapsed_sec\":12.25,"
    "\"applied_lsn\":\"16/B374D848\",\"confirmed_lsn\":\"0/0\",\"lag_bytes\":4096,"
    "\"lag_formatted\":\"4.0 KiB\",\"tables_total\":2,\"tables_copied\":1,\"tables\":["
    "{\"schema\":\"shop\",\"name\":\"orders\",\"status\":\"copied\","
    "\"rows_total\":9007199254740993,\"rows_copied\":12,\"size_bytes\":8192,"
    "\"bytes_copied\":4096,\"percent\":50.5,\"elapsed_sec\":0.1},"
    "{\"schema\":\"shop\",\"name\":\"na\xc3\xafve \\\"x\\\"\\n\",\"status\":\"copying\","
    "\"rows_total\":9007199254740993,\"rows_copied\":12,\"size_bytes\":8192,"
    "\"bytes_copied\":4096,\"percent\":50.5,\"elapsed_sec\":0.1}],"
    "\"rows_per_sec\":0,\"bytes_per_sec\":0,\"total_rows\":0,\"total_bytes\":0,"
    "\"error_count\":0,\"events\":[{\"time\":\"2025-01-31T12:00:00.123456Z\","
    "\"type\":\"phase\",\"message\":\"copy\"}],\"phases\":[{\"phase\":\"copy\","
    "\"started_at\":\"2025-01-31T12:00:00.000001Z\",\"duration_sec\":0}],"
    "\"schema_stats\":{\"statements_total\":0,\"statements_applied\":0,"
    "\"statements_skipped\":0,\"errors_tolerated\":0},"
    "\"percent\":0,\"eta_sec\":-1,\"indexes_total\":0,\"indexes_done\":0}";

static void
test_golden_snapshot (void)
{
  PgmSnapshot *snapshot = make_snapshot ();
  g_autofree char *json = pgm_record_to_json (snapshot, FALSE);
  g_autoptr (GError) error = NULL;
  PgmSnapshot *back = pgm_record_from_json (&pgm_snapshot_type, json, -1, &error);

  g_assert_cmpstr (json, ==, golden_snapshot);
  g_assert_no_error (error);
  g_assert_cmpint (back->timestamp, ==, snapshot->timestamp);
  g_assert_cmpint (back->phase, ==, PGM_PHASE_CATCH_UP);
  g_assert_cmpuint (back->applied_lsn, ==, snapshot->applied_lsn);
  g_assert_cmpuint (back->tables->len, ==, 2);
  pgm_record_unref (snapshot);
  pgm_record_unref (back);
}

static void
test_golden_pretty (void)
{
  PgmReport *report = pgm_record_new (&pgm_report_type);
  g_autofree char *json = NULL;

  pgm_report_add_check (report, "source-version", PGM_CHECK_BLOCKER, "Too old.", "SELECT 1");
  g_assert_true (pgm_report_has_blocker (report));
  report->outcome = PGM_OUTCOME_REFUSED;
  report->exit_status = PGM_EXIT_REFUSED;
  json = pgm_record_to_json (report, TRUE);
  g_assert_true (g_str_has_prefix (json, "{\n"
                                         "  \"outcome\": \"refused\",\n"
                                         "  \"exit_status\": 5,\n"
                                         "  \"seconds\": 0,\n"
                                         "  \"checks\": [\n"
                                         "    {\n"
                                         "      \"name\": \"source-version\",\n"
                                         "      \"level\": \"blocker\",\n"
                                         "      \"reason\": \"Too old.\",\n"
                                         "      \"fix_sql\": \"SELECT 1\"\n"
                                         "    }\n"
                                         "  ],\n"
                                         "  \"plan\": [],\n"));
  g_assert_true (g_str_has_suffix (json, "\n  \"resumable\": false\n}"));
  pgm_record_unref (report);
}

static void
test_wire_names (void)
{
  static const char *const phases[] = {
    "idle",      "connecting", "preflight",           "schema", "copy",   "indexes", "catch-up",
    "streaming", "switchover", "switchover-complete", "verify", "paused", "done",    "failed",
    "stopped",   NULL
  };

  for (gsize i = 0; i < G_N_ELEMENTS (phases); i++)
    g_assert_cmpstr (pgm_phase_names[i], ==, phases[i]);
  g_assert_cmpuint (g_strv_length ((char **) (guintptr) pgm_phase_names), ==,
                    PGM_PHASE_STOPPED + 1);
  g_assert_cmpuint (g_strv_length ((char **) (guintptr) pgm_table_status_names), ==,
                    PGM_TABLE_STREAMING + 1);
  g_assert_cmpuint (g_strv_length ((char **) (guintptr) pgm_outcome_names), ==,
                    PGM_OUTCOME_INTERRUPTED + 1);
  g_assert_cmpstr (pgm_outcome_names[PGM_OUTCOME_INTERRUPTED], ==, "interrupted");
  g_assert_cmpstr (pgm_job_kind_names[PGM_JOB_COMPARE], ==, "compare");
  g_assert_cmpstr (pgm_check_level_names[PGM_CHECK_BLOCKER], ==, "blocker");
}

static void
test_numbers (void)
{
  static const struct
  {
    double value;
    const char *json;
  } cases[] = { { 0.1, "0.1" },       { -0.0, "0" },
                { 42, "42" },         { NAN, "null" },
                { INFINITY, "null" }, { -INFINITY, "null" },
                { 1e300, "1e+300" },  { 0.30000000000000004, "0.30000000000000004" } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      PgmSnapshot *snapshot = pgm_record_new (&pgm_snapshot_type);
      g_autofree char *wanted = g_strdup_printf ("\"elapsed_sec\":%s,", cases[i].json);
      g_autofree char *json = NULL;

      snapshot->elapsed_sec = cases[i].value;
      json = pgm_record_to_json (snapshot, FALSE);
      g_test_message ("%s", wanted);
      g_assert_nonnull (strstr (json, wanted));
      pgm_record_unref (snapshot);
    }
}

static void
test_text_is_made_safe (void)
{
  PgmEvent *event = pgm_record_new (&pgm_event_type);
  g_autofree char *json = NULL;

  event->time = 1;
  event->type = g_strdup ("x");
  event->message = g_strdup ("\xff \x1b[31m \xc2\x9b \x7f /");
  json = pgm_record_to_json (event, FALSE);
  g_assert_cmpstr (json, ==,
                   "{\"time\":\"1970-01-01T00:00:00.000001Z\",\"type\":\"x\",\"message\":"
                   "\"\xef\xbf\xbd \\u001b[31m \\u009b \\u007f /\"}");
  pgm_record_unref (event);
}

static void
test_secret (void)
{
  static const char json[] = "{\"user\":\"anna\",\"password\":\"s3cr\\u0065t\"}";
  g_autoptr (GError) error = NULL;
  PgmEndpoint *endpoint = pgm_record_from_json (&pgm_endpoint_type, json, -1, &error);
  g_autofree char *out = NULL;

  g_assert_no_error (error);
  g_assert_cmpstr (pgm_secret_reveal (endpoint->password), ==, "s3cret");
  out = pgm_record_to_json (endpoint, FALSE);
  g_assert_cmpstr (out, ==, "{\"user\":\"anna\",\"password\":\"********\"}");
  pgm_record_unref (endpoint);
}

static void
assert_refused (const PgmRecordType *type, const char *json, gssize length, const char *message)
{
  g_autoptr (GError) error = NULL;
  gpointer record = pgm_record_from_json (type, json, length, &error);

  g_test_message ("%.100s", json);
  g_assert_null (record);
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  if (strstr (error->message, message) == NULL)
    g_assert_cmpstr (error->message, ==, message);
}

#define TIME "\"timestamp\":\"2025-01-31T12:00:00Z\""

static void
test_closed_schema (void)
{
  static const struct
  {
    const char *json;
    const char *message;
  } cases[] = {
    { "[]", "the JSON text must be an object" },
    { "{}", "field \"timestamp\" is required" },
    { "{" TIME "}", "field \"phase\" is required" },
    { "{" TIME ",\"phase\":null}", "field \"phase\" is required" },
    { "{" TIME ",\"phase\":\"copy\",\"colour\":1}", "field \"colour\" is not known" },
    { "{" TIME ",\"phase\":\"Copy\"}", "field \"phase\" must be one of: idle, connecting" },
    { "{" TIME ",\"phase\":4}", "field \"phase\" must be a string" },
    { "{\"timestamp\":\"yesterday\",\"phase\":\"copy\"}", "field \"timestamp\" must be a time" },
    { "{" TIME ",\"phase\":\"copy\",\"tables_total\":1.0}",
      "field \"tables_total\" must be an integer" },
    { "{" TIME ",\"phase\":\"copy\",\"tables_total\":\"1\"}",
      "field \"tables_total\" must be an integer" },
    { "{" TIME ",\"phase\":\"copy\",\"total_rows\":-1}",
      "field \"total_rows\" must not be negative" },
    { "{" TIME ",\"phase\":\"copy\",\"percent\":true}", "field \"percent\" must be a number" },
    { "{" TIME ",\"phase\":\"copy\",\"percent\":1e400}", "field \"percent\" is out of range" },
    { "{" TIME ",\"phase\":\"copy\",\"applied_lsn\":\"1\"}",
      "field \"applied_lsn\" must be a log sequence number" },
    { "{" TIME ",\"phase\":\"copy\",\"tables\":{}}", "field \"tables\" must be an array" },
    { "{" TIME ",\"phase\":\"copy\",\"tables\":[{\"schema\":\"a\",\"name\":\"b\",\"status\":"
      "\"copied\"},{\"schema\":\"a\",\"name\":\"b\",\"status\":\"lost\"}]}",
      "field \"tables[1].status\" must be one of: pending, copying, copied, streaming" },
    { "{" TIME ",\"phase\":\"copy\",\"schema_stats\":{\"skipped_details\":[{\"reason\":\"r\"}]}}",
      "field \"schema_stats.skipped_details[0].statement\" is required" },
    { "{" TIME ",\"phase\":\"copy\",\"phase\":\"done\"}", "has a field twice" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (&pgm_snapshot_type, cases[i].json, -1, cases[i].message);
  assert_refused (&pgm_clone_options_type, "{\"include\":[\"a\",7]}", -1,
                  "field \"include[1]\" must be a string");
  assert_refused (&pgm_clone_options_type, "{\"dry_run\":1}", -1,
                  "field \"dry_run\" must be true or false");
}

/* What json-glib alone would take, wrap, or die of. */
static void
test_strict_grammar (void)
{
  static const char *const cases[] = {
    "",
    " ",
    "{",
    "{]",
    "{\"orders\":1,}",
    "{\"orders\":}",
    "{\"orders\" 1}",
    "{orders:1}",
    "{'orders':1}",
    "{\"orders\":1} x",
    "{\"orders\":1}{}",
    "/* c */ {}",
    "{} // c",
    "var x = {};",
    "{\"orders\":0x10}",
    "{\"orders\":010}",
    "{\"orders\":+1}",
    "{\"orders\":1.}",
    "{\"orders\":.5}",
    "{\"orders\":1e}",
    "{\"orders\":-}",
    "{\"orders\":NaN}",
    "{\"orders\":True}",
    "{\"orders\":nul}",
    "{\"orders\":9223372036854775808}",
    "{\"orders\":18446744073709551615}",
    "{\"orders\":-9223372036854775809}",
    "{\"orders\":99999999999999999999999999}",
    "{\"\\ud800\":1}",
    "{\"\\ud800x\":1}",
    "{\"\\ud800\\u0041\":1}",
    "{\"\\udc00\":1}",
    "{\"\\u0000\":1}",
    "{\"\\x\":1}",
    "{\"\\u12g4\":1}",
    "{\"a\tb\":1}",
    "{\"unclosed",
    "{\"bad \xc3\x28\":1}",
    "{\"overlong \xc0\x80\":1}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (&pgm_sample_spec_type, cases[i], -1, "JSON");
  assert_refused (&pgm_sample_spec_type, "{\0}", 3, "JSON");
}

static void
test_integer_edges (void)
{
  static const struct
  {
    const char *json;
    gint64 value;
  } cases[] = { { "{\"orders\":9223372036854775807}", G_MAXINT64 },
                { "{\"orders\":-9223372036854775808}", G_MININT64 },
                { " {\r\n\t\"orders\" : -0 } ", 0 },
                { "{\"orders\":9007199254740993}", 9007199254740993 },
                { "{\"\\u006frders\":5}", 5 },
                { "{\"orders\":null}", 0 } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      PgmSampleSpec *spec = pgm_record_from_json (&pgm_sample_spec_type, cases[i].json, -1, &error);

      g_test_message ("%s", cases[i].json);
      g_assert_no_error (error);
      g_assert_cmpint (spec->orders, ==, cases[i].value);
      pgm_record_unref (spec);
    }
}

static void
test_depth (void)
{
  g_autoptr (GString) deep = g_string_new (NULL);
  g_autofree char *deeper = g_strnfill (1000000, '[');

  for (int i = 0; i < 32; i++)
    g_string_append_c (deep, '[');
  for (int i = 0; i < 32; i++)
    g_string_append_c (deep, ']');
  assert_refused (&pgm_snapshot_type, deep->str, -1, "the JSON text must be an object");
  g_string_prepend_c (deep, '[');
  g_string_append_c (deep, ']');
  assert_refused (&pgm_snapshot_type, deep->str, -1, "at byte 32: it is nested too deeply");
  assert_refused (&pgm_snapshot_type, deeper, -1, "nested too deeply");
}

static void
test_times (void)
{
  static const struct
  {
    const char *text;
    gint64 time; /* -1: refused */
  } cases[] = {
    { "2025-01-31T12:00:00Z", 1738324800000000 },
    { "2025-01-31t12:00:00z", 1738324800000000 },
    { "2025-01-31T12:00:00.5Z", 1738324800500000 },
    { "2025-01-31T12:00:00.123456789Z", 1738324800123456 },
    { "2025-01-31T17:30:00+05:30", 1738324800000000 },
    { "2025-01-31T04:00:00-08:00", 1738324800000000 },
    { "2024-02-29T00:00:00Z", 1709164800000000 },
    { "2025-02-29T00:00:00Z", -1 },
    { "2025-01-31T12:00:00", -1 },
    { "2025-01-31", -1 },
    { "2025-01-31T24:00:00Z", -1 },
    { "2025-01-31T12:00:60Z", -1 },
    { "2025-01-31T12:00:00.Z", -1 },
    { "2025-01-31T12:00:00.1234567890Z", -1 },
    { "2025-01-31T12:00:00+24:00", -1 },
    { "2025-01-31T12:00:00Zx", -1 },
    { "0000-01-01T00:00:00Z", -1 },
    { "", -1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *json =
          g_strdup_printf ("{\"time\":\"%s\",\"type\":\"t\",\"message\":\"m\"}", cases[i].text);
      PgmEvent *event = pgm_record_from_json (&pgm_event_type, json, -1, NULL);

      g_test_message ("%s", cases[i].text);
      g_assert_cmpint (event != NULL ? event->time : -1, ==, cases[i].time);
      pgm_record_unref (event);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/json/golden-snapshot", test_golden_snapshot);
  g_test_add_func ("/model/json/golden-pretty", test_golden_pretty);
  g_test_add_func ("/model/json/wire-names", test_wire_names);
  g_test_add_func ("/model/json/numbers", test_numbers);
  g_test_add_func ("/model/json/text-is-made-safe", test_text_is_made_safe);
  g_test_add_func ("/model/json/secret", test_secret);
  g_test_add_func ("/model/json/closed-schema", test_closed_schema);
  g_test_add_func ("/model/json/strict-grammar", test_strict_grammar);
  g_test_add_func ("/model/json/integer-edges", test_integer_edges);
  g_test_add_func ("/model/json/depth", test_depth);
  g_test_add_func ("/model/json/times", test_times);
  return g_test_run ();
}
