#include "core/text.h"

#include <string.h>

/* More stand on no letter of a living language. */
#define MAX_MARKS   3
#define REPLACEMENT 0xfffd

/* Invisible, though Unicode's categories call it a letter or a mark. */
static gboolean
is_filler (gunichar character)
{
  switch (character)
    {
    case 0x034f: /* combining grapheme joiner */
    case 0x115f: /* Hangul fillers */
    case 0x1160:
    case 0x3164:
    case 0xffa0:
    case 0x17b4:
    case 0x17b5:
      return TRUE;
    default:
      /* Variation selectors: the same name, in other bytes. */
      return (character >= 0xfe00 && character <= 0xfe0f) ||
             (character >= 0xe0100 && character <= 0xe01ef);
    }
}

/* What may stand for @character on one line. Bidirectional overrides and tags are
 * no control characters to Unicode's tables, but they let a name show as another. */
static gunichar
displayable (gunichar character)
{
  if (character == '\t' || character == '\n' || character == '\r')
    return ' ';
  switch (g_unichar_type (character))
    {
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
      return ' ';
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT:
    case G_UNICODE_UNASSIGNED:
    case G_UNICODE_SURROGATE:
      return REPLACEMENT;
    case G_UNICODE_PRIVATE_USE:
    case G_UNICODE_LOWERCASE_LETTER:
    case G_UNICODE_MODIFIER_LETTER:
    case G_UNICODE_OTHER_LETTER:
    case G_UNICODE_TITLECASE_LETTER:
    case G_UNICODE_UPPERCASE_LETTER:
    case G_UNICODE_SPACING_MARK:
    case G_UNICODE_ENCLOSING_MARK:
    case G_UNICODE_NON_SPACING_MARK:
    case G_UNICODE_DECIMAL_NUMBER:
    case G_UNICODE_LETTER_NUMBER:
    case G_UNICODE_OTHER_NUMBER:
    case G_UNICODE_CONNECT_PUNCTUATION:
    case G_UNICODE_DASH_PUNCTUATION:
    case G_UNICODE_CLOSE_PUNCTUATION:
    case G_UNICODE_FINAL_PUNCTUATION:
    case G_UNICODE_INITIAL_PUNCTUATION:
    case G_UNICODE_OTHER_PUNCTUATION:
    case G_UNICODE_OPEN_PUNCTUATION:
    case G_UNICODE_CURRENCY_SYMBOL:
    case G_UNICODE_MODIFIER_SYMBOL:
    case G_UNICODE_MATH_SYMBOL:
    case G_UNICODE_OTHER_SYMBOL:
    case G_UNICODE_SPACE_SEPARATOR:
    default:
      return is_filler (character) ? REPLACEMENT : character;
    }
}

char *
pgm_display_text (const char *text)
{
  g_autofree char *valid = NULL;
  GString *shown;
  guint marks = MAX_MARKS; /* nothing is there yet that one could stand on */

  if (text == NULL)
    return NULL;
  valid = g_utf8_make_valid (text, -1);
  shown = g_string_sized_new (strlen (valid));
  for (char *place = valid; *place != '\0'; place = g_utf8_next_char (place))
    {
      gunichar character = displayable (g_utf8_get_char (place));

      if (pgm_character_columns (character) > 0)
        marks = 0;
      else if (++marks > MAX_MARKS)
        {
          if (marks == MAX_MARKS + 1)
            g_string_append_unichar (shown, REPLACEMENT);
          continue;
        }
      g_string_append_unichar (shown, character);
    }
  return g_string_free (shown, FALSE);
}

guint
pgm_character_columns (gunichar character)
{
  if (g_unichar_iszerowidth (character))
    return 0;
  return g_unichar_iswide (character) ? 2 : 1;
}

const char *
pgm_text_at_column (const char *text, guint columns, guint *used)
{
  guint total = 0;

  for (; *text != '\0'; text += g_utf8_skip[(guchar) *text])
    {
      guint own = pgm_character_columns (g_utf8_get_char (text));

      if (total + own > columns)
        break;
      total += own;
    }
  if (used != NULL)
    *used = total;
  return text;
}

guint
pgm_text_columns (const char *text)
{
  guint used;

  (void) pgm_text_at_column (text, G_MAXUINT / 2, &used);
  return used;
}
