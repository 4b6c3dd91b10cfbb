/*
 * Text that grows on the heap: see picture.h.
 */
#include "core/cli/picture.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void add(struct parley_cli_sheet *sheet, const char *at, size_t len)
{
    if (sheet->used + len + 1 > sheet->size && !sheet->failed) {
        size_t size = (sheet->used + len) * 2 + 4096;
        char *grown = realloc(sheet->at, size);

        sheet->failed = grown == NULL;
        sheet->at = grown != NULL ? grown : sheet->at;
        sheet->size = grown != NULL ? size : sheet->size;
    }
    if (sheet->failed)
        return;
    memcpy(sheet->at + sheet->used, at, len);
    sheet->used += len;
    sheet->at[sheet->used] = '\0';
}

void parley_cli_sheet_raw(struct parley_cli_sheet *sheet, const char *text)
{
    add(sheet, text, strlen(text));
}

void parley_cli_sheet_format(struct parley_cli_sheet *sheet, const char *format, ...)
{
    char text[1024];
    va_list values;

    va_start(values, format);
    vsnprintf(text, sizeof text, format, values);
    va_end(values);
    parley_cli_sheet_raw(sheet, text);
}

void parley_cli_sheet_xml(struct parley_cli_sheet *sheet, struct parley_view text)
{
    size_t plain = 0;

    for (size_t i = 0; i < text.len; i++) {
        char at = text.at[i];
        const char *escape = at == '<' ? "&lt;" : at == '>' ? "&gt;" : at == '&' ? "&amp;" : NULL;

        if (escape == NULL)
            continue;
        add(sheet, text.at + plain, i - plain);
        parley_cli_sheet_raw(sheet, escape);
        plain = i + 1;
    }
    if (text.len > plain)
        add(sheet, text.at + plain, text.len - plain);
}

void parley_cli_sheet_free(struct parley_cli_sheet *sheet)
{
    free(sheet->at);
    memset(sheet, 0, sizeof *sheet);
}
