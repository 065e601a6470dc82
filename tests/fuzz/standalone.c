/* Runs a fuzz driver over files and directories of files, without a fuzzer: what
 * was found once stays found. Each input is also run cut short and with flipped
 * bits, the same ones every time. Speaks TAP: one line for each argument.
 */
#include "config.h"

#include "fuzz.h"

#define FLIPS 64

/* On the heap and exactly as long as it is, so that ASan sees one byte too far. */
static void
run_once (const guint8 *data, gsize size)
{
  g_autofree guint8 *copy = size > 0 ? g_memdup2 (data, size) : g_malloc (1);

  (void) LLVMFuzzerTestOneInput (copy, size);
}

static void
run_variants (const guint8 *data, gsize size)
{
  g_autoptr (GRand) random = g_rand_new_with_seed ((guint32) size);
  gsize step = size / 256 + 1;

  run_once (data, size);
  for (gsize cut = 0; cut < size; cut += step)
    run_once (data, cut);
  for (guint i = 0; i < FLIPS && size > 0; i++)
    {
      g_autofree guint8 *copy = g_memdup2 (data, size);
      copy[g_rand_int_range (random, 0, (gint32) MIN (size, G_MAXINT32))] ^=
          (guint8) (1 << g_rand_int_range (random, 0, 8));
      run_once (copy, size);
    }
}

static guint run_path (const char *path);

static guint
run_directory (const char *path)
{
  g_autoptr (GDir) directory = g_dir_open (path, 0, NULL);
  const char *name;
  guint n = 0;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      n += run_path (child);
    }
  return n;
}

static guint
run_path (const char *path)
{
  g_autofree char *content = NULL;
  gsize size = 0;

  if (g_file_test (path, G_FILE_TEST_IS_DIR))
    return run_directory (path);
  if (!g_file_get_contents (path, &content, &size, NULL))
    return 0;
  run_variants ((const guint8 *) content, size);
  return 1;
}

int
main (int argc, char **argv)
{
  gboolean ok = TRUE;

  g_print ("1..%d\n", argc - 1);
  for (int i = 1; i < argc; i++)
    {
      guint n = run_path (argv[i]);
      g_print ("%s %d - %u inputs from %s\n", n > 0 ? "ok" : "not ok", i, n, argv[i]);
      ok = ok && n > 0;
    }
  return ok ? 0 : 1;
}
