/* A client of libwebsockets and cJSON, with a table for base64: what one would write in C with what is at
 * hand. */
#include "client.h"

#include <cjson/cJSON.h>
#include <libwebsockets.h>

#include <stdbool.h>
#include <stdlib.h>

static char *message;
static size_t used, size;
static unsigned char pcm[1 << 20];
static signed char values[256];
static bool over;

static size_t decode(const char *text)
{
    size_t out = 0;
    unsigned bits = 0, count = 0;

    for (; *text != '\0' && *text != '='; text++) {
        bits = bits << 6 | (unsigned)values[(unsigned char)*text];
        if (++count % 4 == 0) {
            pcm[out++] = (unsigned char)(bits >> 16);
            pcm[out++] = (unsigned char)(bits >> 8);
            pcm[out++] = (unsigned char)bits;
        }
    }
    return out;
}

static void take(void)
{
    cJSON *event = cJSON_ParseWithLength(message, used);
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(event, "type"),
                *delta = cJSON_GetObjectItemCaseSensitive(event, "delta");

    if (cJSON_IsString(type) && cJSON_IsString(delta) &&
        strcmp(type->valuestring, "response.output_audio.delta") == 0)
        client_count(pcm, decode(delta->valuestring) / 2);
    cJSON_Delete(event);
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t len)
{
    (void)user;
    switch (reason) {
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (used + len > size)
            message = realloc(message, size = (used + len) * 2);
        memcpy(message + used, in, len);
        used += len;
        if (lws_is_final_fragment(wsi) && lws_remaining_packet_payload(wsi) == 0) {
            take();
            used = 0;
        }
        break;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        fprintf(stderr, "lws: %s\n", in != NULL ? (char *)in : "no connection");
        over = true;
        break;
    case LWS_CALLBACK_CLIENT_CLOSED:
        over = true;
        break;
    default:
        break;
    }
    return 0;
}

int main(void)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    static const struct lws_protocols protocols[] = {{"", on_event, 0, 65536, 0, NULL, 0},
                                                     {NULL, NULL, 0, 0, 0, NULL, 0}};
    const char *url = getenv("BENCH_URL");
    bool tls = strncmp(url, "wss", 3) == 0;
    struct lws_context_creation_info info = {.port = CONTEXT_PORT_NO_LISTEN, .protocols = protocols};
    struct lws_client_connect_info to = {
        .address = "localhost", .path = "/v1/realtime?model=x", .host = "localhost", .origin = "localhost"};
    struct lws_context *context;

    for (int i = 0; i < 64; i++)
        values[(unsigned char)alphabet[i]] = (signed char)i;
    lws_set_log_level(LLL_ERR, NULL);
    if (tls) {
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
        info.client_ssl_ca_filepath = getenv("BENCH_CA");
    }
    context = lws_create_context(&info);
    to.context = context;
    to.port = atoi(strrchr(url, ':') + 1);
    to.ssl_connection = tls ? LCCSCF_USE_SSL : 0;
    if (lws_client_connect_via_info(&to) == NULL)
        return 1;
    while (!over && lws_service(context, 0) >= 0)
        continue;
    lws_context_destroy(context);
    client_report();
    return 0;
}
