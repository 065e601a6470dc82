/* Passwords leave the process's arguments, whichever way they were given, and
 * arrive in the endpoint all the same. */
#include "cli/endpoint-options.h"

#include <string.h>

#include "core/error.h"

typedef struct
{
  const char *given[4];  /* arguments after the program's name and the command */
  const char *masked[4]; /* what everybody may see of them afterwards */
  const char *uri;       /* of the endpoint */
  const char *password;
} Case;

static const Case cases[] = {
  { { "--source-dbname=shop", "--source-password", "s3cret" },
    { "--source-dbname=shop", "--source-password", "******" },
    NULL,
    "s3cret" },
  { { "--source-dbname=shop", "--source-password=s3cret" },
    { "--source-dbname=shop", "--source-password=******" },
    NULL,
    "s3cret" },
  { { "--source-dbname=shop", "--source-password=with=sign" },
    { "--source-dbname=shop", "--source-password=*********" },
    NULL,
    "with=sign" },
  /* A password that looks like an option, or like the option before it. */
  { { "--source-dbname=shop", "--source-password", "--source-password" },
    { "--source-dbname=shop", "--source-password", "*****************" },
    NULL,
    "--source-password" },
  { { "--source-uri=postgresql://u:s3cret@h/d" },
    { "--source-uri=postgresql://u:******@h/d" },
    "postgresql://u@h/d",
    "s3cret" },
  { { "--source-uri", "postgresql://u:s3cret@h/d" },
    { "--source-uri", "postgresql://u:******@h/d" },
    "postgresql://u@h/d",
    "s3cret" },
  { { "--source-uri=postgresql://h/d?password=s3cret" },
    { "--source-uri=postgresql://h/d?password=******" },
    "postgresql://h/d",
    "s3cret" },
  { { "--source-uri", "postgresql://h/d?password=s%33cret&sslmode=require" },
    { "--source-uri", "postgresql://h/d?password=********&sslmode=require" },
    "postgresql://h/d?sslmode=require",
    "s3cret" },
  { { "--source-uri=password=s3cret" }, { "--source-uri=password=******" }, "", "s3cret" },
  { { "--source-uri", "password='a b'" }, { "--source-uri", "password='***'" }, "", "a b" },
  /* The option of its own wins over the URI's; neither is to be seen. */
  { { "--source-uri=postgresql://u:first@h/d", "--source-password=second" },
    { "--source-uri=postgresql://u:*****@h/d", "--source-password=******" },
    "postgresql://u@h/d",
    "second" },
  { { "--source-uri=postgresql://u@h/d" },
    { "--source-uri=postgresql://u@h/d" },
    "postgresql://u@h/d",
    NULL },
};

static void
parse (char **argv, PgmEndpointOptions *options)
{
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char **own = g_memdup2 (argv, sizeof (char *) * (g_strv_length (argv) + 1));
  int argc = (int) g_strv_length (argv);
  char **left = own;

  pgm_endpoint_options_add (context, options, "source");
  g_option_context_parse (context, &argc, &left, &error);
  g_assert_no_error (error);
  g_assert_cmpint (argc, ==, 1);
}

static void
test_password (gconstpointer data)
{
  const Case *one = data;
  g_autoptr (GPtrArray) arguments = g_ptr_array_new_with_free_func (g_free);
  PgmEndpointOptions options = { NULL };
  g_autoptr (GError) error = NULL;
  PgmEndpoint *endpoint;
  char **taken;

  g_ptr_array_add (arguments, g_strdup ("clone"));
  for (gsize i = 0; one->given[i] != NULL; i++)
    g_ptr_array_add (arguments, g_strdup (one->given[i]));
  taken = pgm_arguments_take ((int) arguments->len, (char **) arguments->pdata);

  for (gsize i = 0; one->given[i] != NULL; i++)
    {
      g_assert_cmpstr (g_ptr_array_index (arguments, i + 1), ==, one->masked[i]);
      g_assert_cmpstr (taken[i + 1], ==, one->given[i]);
    }
  g_assert_null (taken[arguments->len]);

  parse (taken, &options);
  endpoint = pgm_endpoint_options_take (&options, "source", &error);
  g_assert_no_error (error);
  g_assert_nonnull (endpoint);
  if (one->uri != NULL)
    g_assert_cmpstr (endpoint->uri, ==, one->uri);
  g_assert_cmpstr (endpoint->password != NULL ? pgm_secret_reveal (endpoint->password) : NULL, ==,
                   one->password);
  g_assert_null (options.password);
  g_assert_null (options.uri);
  pgm_record_unref (endpoint);
  pgm_arguments_free (taken);
}

/* The program's name is not searched, nor is a trailing option without a value. */
static void
test_edges (void)
{
  char name[] = "password=x", option[] = "--dest-password", empty[] = "--dest-password=";
  char *argv[] = { name, empty, option, NULL };
  char **taken = pgm_arguments_take (3, argv);

  g_assert_cmpstr (name, ==, "password=x");
  g_assert_cmpstr (empty, ==, "--dest-password=");
  g_assert_cmpstr (option, ==, "--dest-password");
  g_assert_cmpstr (taken[2], ==, "--dest-password");
  pgm_arguments_free (taken);
}

static void
test_unnamed (void)
{
  PgmEndpointOptions options = { .password = g_strdup ("s3cret"), .user = g_strdup ("alice") };
  g_autoptr (GError) error = NULL;

  g_assert_null (pgm_endpoint_options_take (&options, "dest", &error));
  g_assert_error (error, PGM_ERROR, PGM_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "destination"));
  g_assert_nonnull (strstr (pgm_error_get_hint (error), "--dest-uri"));
  pgm_endpoint_options_clear (&options);
  g_assert_null (options.password);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path =
          g_strdup_printf ("/cli/endpoint-options/password/%" G_GSIZE_FORMAT, i);

      g_test_add_data_func (path, &cases[i], test_password);
    }
  g_test_add_func ("/cli/endpoint-options/edges", test_edges);
  g_test_add_func ("/cli/endpoint-options/unnamed", test_unnamed);
  return g_test_run ();
}
