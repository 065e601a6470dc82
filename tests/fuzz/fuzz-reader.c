/* The byte reader: the first byte of each step says what is read next. */
#include "config.h"

#include <string.h>

#include "core/error.h"
#include "core/reader.h"
#include "fuzz.h"

static gsize
read_bytes (PgmReader *reader)
{
  gsize size = pgm_reader_u16 (reader);
  const guint8 *bytes = pgm_reader_bytes (reader, size);
  gsize sum = 0;

  for (gsize i = 0; bytes != NULL && i < size; i++)
    sum += bytes[i];
  return sum;
}

static gsize
read_string (PgmReader *reader)
{
  const char *text = pgm_reader_string (reader);

  return text != NULL ? strlen (text) : 0;
}

static gsize
step (PgmReader *reader)
{
  switch (pgm_reader_u8 (reader) % 8)
    {
    case 0:
      return pgm_reader_u8 (reader);
    case 1:
      return pgm_reader_u16 (reader);
    case 2:
      return pgm_reader_u32 (reader);
    case 3:
      return pgm_reader_u64 (reader);
    case 4:
      return (gsize) pgm_reader_i64 (reader);
    case 5:
      return read_string (reader);
    case 6:
      return read_bytes (reader);
    default:
      return (gsize) pgm_reader_i16 (reader) + (gsize) pgm_reader_i32 (reader);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GError) error = NULL;
  PgmReader reader;
  gsize sum = 0;

  pgm_reader_init (&reader, data, size);
  while (pgm_reader_left (&reader) > 0)
    sum += step (&reader);
  g_assert (reader.position <= size);
  /* Once it has failed, it has failed. */
  if (reader.failed)
    g_assert (pgm_reader_u8 (&reader) == 0 && pgm_reader_string (&reader) == NULL);
  if (!pgm_reader_finish (&reader, "input", sum % 2 == 0, &error))
    g_assert (g_error_matches (error, PGM_ERROR, PGM_ERROR_PROTOCOL));
  else
    g_assert (error == NULL && !reader.failed);
  return 0;
}
