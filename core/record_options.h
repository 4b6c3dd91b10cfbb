#ifndef PARLEY_CORE_RECORD_OPTIONS_H
#define PARLEY_CORE_RECORD_OPTIONS_H

/*
 * The options that the first line of a record tells as they are, under their own names: recorder.c writes
 * them, core/cli/play_again.c reads them. Those that need more than that stand in both.
 */

/* Of struct parley_options: texts. */
#define PARLEY_RECORD_TEXTS(X)                                                                               \
    X(session_id)                                                                                            \
    X(model)                                                                                                 \
    X(voice)                                                                                                 \
    X(prompt)                                                                                                \
    X(prompt_override)                                                                                       \
    X(startup_context)                                                                                       \
    X(assistant_name)                                                                                        \
    X(user_first_name)                                                                                       \
    X(sdp_offer)                                                                                             \
    X(call_id)

/* Of struct parley_limits: type and name. The buffers of the link are not among them: it is looked up. */
#define PARLEY_RECORD_LIMITS(X)                                                                              \
    X(size_t, inbox_bytes)                                                                                   \
    X(size_t, outbox_bytes)                                                                                  \
    X(uint32_t, input_audio_ms)                                                                              \
    X(uint32_t, output_audio_ms)                                                                             \
    X(size_t, transcript_bytes)                                                                              \
    X(uint32_t, reply_items)

/* Of struct parley_reconnect, while it is on: type and name. */
#define PARLEY_RECORD_RECONNECT(X)                                                                           \
    X(uint32_t, attempts)                                                                                    \
    X(uint32_t, first_attempts)                                                                              \
    X(uint32_t, all_attempts)                                                                                \
    X(uint32_t, base_ms)                                                                                     \
    X(uint32_t, cap_ms)                                                                                      \
    X(uint32_t, renew_ms)

#endif
