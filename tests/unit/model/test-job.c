/* What of a job may be shown or kept. */
#include "model/job.h"

static void
test_connection_strings (void)
{
  static const struct
  {
    const char *in;
    const char *out;
  } cases[] = {
    { "postgresql://h/db", "postgresql://h/db" },
    { "postgresql://u@h:5432/db?sslmode=require", "postgresql://u@h:5432/db?sslmode=require" },
    { "postgresql://u:SECRET@h:5432/db", "postgresql://u@h:5432/db" },
    { "postgres://:SECRET@h/db", "postgres://@h/db" },
    { "postgresql://u:SEC:RET@/db?host=/run&port=1", "postgresql://u@/db?host=/run&port=1" },
    { "postgresql://u:SECRET@[::1]:5432,b:5433/db", "postgresql://u@[::1]:5432,b:5433/db" },
    { "postgresql://h/db?password=SECRET", "postgresql://h/db" },
    { "postgresql://h/db?user=u&password=SECRET&sslpassword=SECRET&port=1",
      "postgresql://h/db?user=u&port=1" },
    { "postgresql://h/db?p%61ssword=SECRET&port=1", "postgresql://h/db?port=1" },
    { "postgresql://h:5432/foo@bar", "postgresql://h:5432/foo@bar" },
    { "postgresql://a:1,b:2/foo@bar", "postgresql://a:1,b:2/foo@bar" },
    { "postgresql://[::1]:5432/foo@bar", "postgresql://[::1]:5432/foo@bar" },
    /* Mistakes that libpq refuses are not kept either. */
    { "postgresql://u:SEC@RET@h/db", "postgresql://u@h/db" },
    { "postgresql://u:SEC/RET@h/db", "postgresql://u@h/db" },
    { "postgresql://u:SEC?RET@h/db", "postgresql://u@h/db" },
    { "host=h password=SECRET dbname=d", "host=h dbname=d" },
    { "  password = 'SEC \\' RET'  host = 'a b'", "host = 'a b'" },
    { "password=SEC\\ RET user=u", "user=u" },
    { "PASSWORD=SECRET user=u", "user=u" },
    { "password='SECRET", "" },
    { "user=u sslpassword=SECRET", "user=u" },
    { "justadatabase", "justadatabase" },
    { "", "" },
    { NULL, NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *out = pgm_uri_without_secrets (cases[i].in);

      g_assert_cmpstr (out, ==, cases[i].out);
    }
}

static void
test_storable (void)
{
  static const char json[] =
      "{\"id\":\"j1\",\"kind\":\"clone\","
      "\"source\":{\"uri\":\"postgresql://u:MARKED@h/db\",\"password\":\"MARKED\"},"
      "\"destination\":{\"host\":\"h\",\"port\":\"5432\",\"user\":\"u\","
      "\"dbname\":\"host=x password=MARKED\",\"password\":\"MARKED\"},"
      "\"clone\":{\"copy_workers\":2,\"include\":[\"shop.*\"],\"resume\":true}}";
  g_autoptr (GError) error = NULL;
  PgmJobSpec *spec = pgm_record_from_json (&pgm_job_spec_type, json, -1, &error);
  g_autofree char *storable = NULL;
  PgmJobSpec *back;

  g_assert_no_error (error);
  storable = pgm_job_spec_to_storable_json (spec);
  g_assert_cmpstr (storable, ==,
                   "{\"id\":\"j1\",\"kind\":\"clone\","
                   "\"source\":{\"uri\":\"postgresql://u@h/db\"},"
                   "\"destination\":{\"host\":\"h\",\"port\":\"5432\",\"user\":\"u\","
                   "\"dbname\":\"host=x\"},"
                   "\"clone\":{\"copy_workers\":2,\"include\":[\"shop.*\"],\"resume\":true}}");
  back = pgm_record_from_json (&pgm_job_spec_type, storable, -1, &error);
  g_assert_no_error (error);
  g_assert_null (back->source->password);
  g_assert_true (back->clone->resume);
  pgm_record_unref (back);
  pgm_record_unref (spec);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/job/connection-strings", test_connection_strings);
  g_test_add_func ("/model/job/storable", test_storable);
  return g_test_run ();
}
