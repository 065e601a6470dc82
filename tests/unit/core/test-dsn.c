#include "core/dsn.h"

#include <string.h>

typedef struct
{
  const char *dsn;
  const char *without;
  const char *password; /* NULL: none */
  const char *masked;
} Case;

static const Case cases[] = {
  { "postgresql://alice:s3cret@db1:5432/shop", "postgresql://alice@db1:5432/shop", "s3cret",
    "postgresql://alice:******@db1:5432/shop" },
  { "postgres://alice:a%40b%25@db1/shop", "postgres://alice@db1/shop", "a@b%",
    "postgres://alice:********@db1/shop" },
  { "postgresql://alice@db1/shop?password=pw&sslmode=require",
    "postgresql://alice@db1/shop?sslmode=require", "pw",
    "postgresql://alice@db1/shop?password=**&sslmode=require" },
  { "postgresql://db1/shop?sslmode=require&password=pw", "postgresql://db1/shop?sslmode=require",
    "pw", "postgresql://db1/shop?sslmode=require&password=**" },
  /* The last one wins, as in libpq. */
  { "postgresql://u:first@h/d?password=second", "postgresql://u@h/d", "second",
    "postgresql://u:*****@h/d?password=******" },
  { "host=db1 password=pw dbname=shop", "host=db1 dbname=shop", "pw",
    "host=db1 password=** dbname=shop" },
  { "host=db1 password = 'it\\'s here' dbname=shop", "host=db1 dbname=shop", "it's here",
    "host=db1 password = '**********' dbname=shop" },
  { "password=pw", "", "pw", "password=**" },
  /* Keywords are percent-encoded now and then. */
  { "postgresql://alice@db1/shop?pass%77ord=pw&sslmode=require",
    "postgresql://alice@db1/shop?sslmode=require", "pw",
    "postgresql://alice@db1/shop?pass%77ord=**&sslmode=require" },
  { "postgresql://db1/shop?sslmode=require&%70%61ssword=p%20w",
    "postgresql://db1/shop?sslmode=require", "p w",
    "postgresql://db1/shop?sslmode=require&%70%61ssword=*****" },
  { "postgresql://db1/d?ssl%70assword=key", "postgresql://db1/d?ssl%70assword=key", NULL,
    "postgresql://db1/d?ssl%70assword=***" },
  { "postgresql://db1/d?pass%7ord=pw", "postgresql://db1/d?pass%7ord=pw", NULL,
    "postgresql://db1/d?pass%7ord=pw" },
  /* libpq takes these for a part of the password, unencoded as they are. */
  { "postgresql://u:a?b@h/d", "postgresql://u@h/d", "a?b", "postgresql://u:***@h/d" },
  { "postgresql://u:a#b@h/d?password=pw", "postgresql://u@h/d", "pw",
    "postgresql://u:***@h/d?password=**" },
  { "postgresql://u:?password=x&y@h", "postgresql://u@h", "?password=x&y",
    "postgresql://u:*************@h" },
  { "postgresql://db1?password=a@b", "postgresql://db1", "a@b", "postgresql://db1?password=***" },
  /* Not a password, however much it looks like one. */
  { "postgresql://db1:5432/shop", "postgresql://db1:5432/shop", NULL,
    "postgresql://db1:5432/shop" },
  { "postgresql://[::1]:5432/a:b@c", "postgresql://[::1]:5432/a:b@c", NULL,
    "postgresql://[::1]:5432/a:b@c" },
  /* A key's passphrase is hidden, but is none of the server's. */
  { "host=db1 sslpassword=x", "host=db1 sslpassword=x", NULL, "host=db1 sslpassword=*" },
  { "postgresql://u:p@h/d?sslpassword=key&password=pw", "postgresql://u@h/d?sslpassword=key", "pw",
    "postgresql://u:*@h/d?sslpassword=***&password=**" },
  { "application_name='password=x'", "application_name='password=x'", NULL,
    "application_name='password=x'" },
  { "service=shop", "service=shop", NULL, "service=shop" },
  { "", "", NULL, "" },
};

static char *
without_double_blanks (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  g_autoptr (GPtrArray) kept = g_ptr_array_new ();

  for (guint i = 0; words[i] != NULL; i++)
    if (words[i][0] != '\0')
      g_ptr_array_add (kept, words[i]);
  g_ptr_array_add (kept, NULL);
  return g_strjoinv (" ", (char **) kept->pdata);
}

static void
test_split (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      PgmSecret *password = NULL;
      g_autofree char *rest = pgm_dsn_split_password (cases[i].dsn, &password);
      g_autofree char *plain = without_double_blanks (rest);

      g_assert_cmpstr (plain, ==, cases[i].without);
      g_assert_cmpstr (password != NULL ? pgm_secret_reveal (password) : NULL, ==,
                       cases[i].password);
      g_clear_pointer (&password, pgm_secret_unref);
    }
}

static void
test_mask (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *dsn = g_strdup (cases[i].dsn);

      pgm_dsn_mask_password (dsn);
      g_assert_cmpstr (dsn, ==, cases[i].masked);
    }
}

/* Cut at every length: nothing is read past the end (run under ASan). */
static void
test_cut (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    for (gsize length = 0; length <= strlen (cases[i].dsn); length++)
      {
        g_autofree char *dsn = g_strndup (cases[i].dsn, length);
        PgmSecret *password = NULL;
        g_autofree char *rest = pgm_dsn_split_password (dsn, &password);

        g_assert_cmpuint (strlen (rest), <=, length);
        pgm_dsn_mask_password (dsn);
        g_assert_cmpuint (strlen (dsn), ==, length);
        g_clear_pointer (&password, pgm_secret_unref);
      }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/core/dsn/split", test_split);
  g_test_add_func ("/core/dsn/mask", test_mask);
  g_test_add_func ("/core/dsn/cut", test_cut);
  return g_test_run ();
}
