/*
 * The table of the service's rules (transport/loopback/rules.h), each rule kept and broken: a message that
 * obeys and one that does not, or, for what the service does by itself, a case where it happens and one where
 * it does not. A rule in the table that has no test of both kinds fails the last test here.
 */
#include "test/unit/service_feed.h"

static bool kept[PARLEY_RULES_END], broken[PARLEY_RULES_END];

/* ---- where a conversation stands ------------------------------------------------------------------ */

enum state {
    FRESH,        /* nothing was said */
    SESSION,      /* a realtime session */
    WRITING,      /* one that answers in text */
    SPOKEN,       /* item_0001 is the user's, item_0002 the model's, spoken */
    SPEAKING,     /* the same, and the model is at it */
    PUSHED,       /* turn_detection null, and 200 ms appended */
    CALLED,       /* the model called the agent: call_0001 */
    TRANSCRIBING, /* a transcription session */
    FIRST,        /* the first protocol */
    FIRST_CALLED, /* the same, with a handoff: call_0001 */
};

#define TOOLS                                                                                                \
    "'tools':[{'type':'function','name':'background_agent','parameters':{'type':'object'}},"                 \
    "{'type':'function','name':'remain_silent'}]"
#define UPDATE(members)     "{'type':'session.update','session':{'type':'realtime'," members "}}"
#define INPUT(members)      UPDATE("'audio':{'input':{" members "}}")
#define OUTPUT(members)     UPDATE("'audio':{'output':{" members "}}")
#define TURNS(members)      INPUT("'turn_detection':{" members "}")
#define ITEM(members)       "{'type':'conversation.item.create','item':{" members "}}"
#define MESSAGE(role, part) ITEM("'type':'message','role':'" role "','content':[" part "]")
#define TEXT                "{'type':'input_text','text':'hello'}"
#define SAY(text)           MESSAGE("user", "{'type':'input_text','text':'" text "'}")
#define RESPOND(members)    "{'type':'response.create','response':{" members "}}"
#define CREATE              "{'type':'response.create'}"
#define CLEAR               "{'type':'input_audio_buffer.clear'}"
#define CUT(item, index, end)                                                                                \
    "{'type':'conversation.item.truncate','item_id':'" item "','content_index':" index                       \
    ",'audio_end_ms':" end "}"
#define FIRST_SESSION "{'type':'session.update','session':{'type':'quicksilver','instructions':'Be kind.'}}"

static void go_to(struct feed *f, enum state state, const struct parley_service_settings *settings)
{
    feed_open(f, "use service\nheard \"please count the files\"\n", settings);
    if (state == FRESH)
        return;
    if (state >= TRANSCRIBING)
        feed_send(f, state == TRANSCRIBING
                         ? "{'type':'session.update','session':{'type':'transcription','audio':{'input':{"
                           "'transcription':{'model':'whisper-1'}}}}}"
                         : FIRST_SESSION);
    else
        feed_send(f, UPDATE(TOOLS));
    if (state == WRITING)
        feed_send(f, UPDATE("'output_modalities':['text']"));
    if (state == PUSHED) {
        feed_send(f, INPUT("'turn_detection':null"));
        feed_sound(f, "ala", 200, 100);
    }
    if (state == SPOKEN || state == SPEAKING || state == CALLED) {
        feed_send(f, state == CALLED ? SAY("please count the files") : SAY("hello"));
        feed_send(f, CREATE);
        feed_pass(f, state == SPEAKING ? 500 : 10000);
    }
    if (state == FIRST_CALLED) {
        feed_sound(f, "please count the files", 1000, 100);
        feed_sound(f, NULL, 8000, 100);
    }
    feed_none(f, "error");
    feed_ignore(f);
}

/* ---- what a client may break ---------------------------------------------------------------------- */

static const struct row {
    enum parley_rule rule;
    enum state state;
    const char *obeys, *breaks;
    const char *code;  /* NULL: as the table says */
    const char *param; /* NULL: null */
} rows[] = {
    {PARLEY_RULE_MESSAGE_JSON, SESSION, CLEAR, "{'type':", NULL, NULL},
    {PARLEY_RULE_MESSAGE_JSON, SESSION, " " CLEAR "\n", CLEAR CLEAR, NULL, NULL},
    {PARLEY_RULE_MESSAGE_OBJECT, SESSION, CLEAR, "['type']", NULL, NULL},
    {PARLEY_RULE_TYPE_MISSING, SESSION, CLEAR, "{'event_id':'a'}", NULL, "type"},
    {PARLEY_RULE_TYPE_STRING, SESSION, CLEAR, "{'type':7}", NULL, "type"},
    {PARLEY_RULE_TYPE_KNOWN, SESSION, CLEAR, "{'type':'transcription_session.update'}", NULL, "type"},
    {PARLEY_RULE_EVENT_ID_LENGTH, SESSION, "{'type':'input_audio_buffer.clear','event_id':'@512@'}",
     "{'type':'input_audio_buffer.clear','event_id':'@513@'}", NULL, "event_id"},
    {PARLEY_RULE_MEMBER_UNKNOWN, SESSION, "{'type':'input_audio_buffer.clear','event_id':'a'}",
     "{'type':'input_audio_buffer.clear','now':true}", NULL, "now"},
    {PARLEY_RULE_MEMBER_TYPE, SPOKEN, "{'type':'conversation.item.delete','item_id':'item_0001'}",
     "{'type':'conversation.item.delete','item_id':1}", NULL, "item_id"},
    {PARLEY_RULE_MEMBER_TYPE, SESSION, "{'type':'input_audio_buffer.clear','event_id':'a'}",
     "{'type':'input_audio_buffer.clear','event_id':null}", NULL, "event_id"},
    {PARLEY_RULE_MEMBER_MISSING, SPOKEN, "{'type':'conversation.item.delete','item_id':'item_0001'}",
     "{'type':'conversation.item.delete'}", NULL, "item_id"},

    {PARLEY_RULE_SESSION_MISSING, FRESH, UPDATE("'instructions':'a'"), "{'type':'session.update'}", NULL,
     "session"},
    {PARLEY_RULE_SESSION_TYPE, FRESH, UPDATE("'instructions':'a'"),
     "{'type':'session.update','session':{'instructions':'a'}}", NULL, "session.type"},
    {PARLEY_RULE_SESSION_TYPE_KNOWN, FRESH, UPDATE("'instructions':'a'"),
     "{'type':'session.update','session':{'type':'chat'}}", NULL, "session.type"},
    {PARLEY_RULE_SESSION_TYPE_FIXED, SESSION, UPDATE("'instructions':'a'"),
     "{'type':'session.update','session':{'type':'transcription'}}", NULL, "session.type"},
    {PARLEY_RULE_SESSION_TYPE_FIXED, TRANSCRIBING,
     "{'type':'session.update','session':{'type':'transcription'}}", UPDATE("'instructions':'a'"), NULL,
     "session.type"},
    {PARLEY_RULE_SESSION_UNKNOWN, SESSION, UPDATE("'instructions':'a'"),
     UPDATE("'instructions':'a','temperature':0.8"), NULL, "session.temperature"},
    {PARLEY_RULE_SESSION_UNKNOWN, SESSION, UPDATE("'tools':[{'type':'function','name':'f'}]"),
     UPDATE("'tools':[{'type':'function','name':'f'},{'type':'function','name':'g','meta':1}]"), NULL,
     "session.tools[1].meta"},
    {PARLEY_RULE_SESSION_UNKNOWN, SESSION, INPUT("'transcription':{'model':'whisper-1'}"),
     INPUT("'transcription':{'model':'whisper-1','enabled':true}"), NULL,
     "session.audio.input.transcription.enabled"},
    {PARLEY_RULE_SESSION_ILL_TYPED, SESSION, UPDATE("'instructions':''"), UPDATE("'instructions':null"), NULL,
     "session.instructions"},
    {PARLEY_RULE_SESSION_ILL_TYPED, SESSION, UPDATE("'tools':[]"), UPDATE("'tools':null"), NULL,
     "session.tools"},
    {PARLEY_RULE_SESSION_FIELD_MISSING, SESSION, UPDATE("'tool_choice':{'type':'function','name':'f'}"),
     UPDATE("'tool_choice':{'type':'function'}"), NULL, "session.tool_choice.name"},
    {PARLEY_RULE_SESSION_FIELD_MISSING, SESSION, TURNS("'type':'server_vad','threshold':0.6"),
     TURNS("'threshold':0.6"), NULL, "session.audio.input.turn_detection.type"},
    {PARLEY_RULE_SESSION_LENGTH, SESSION, UPDATE("'instructions':'@60000@'"),
     UPDATE("'instructions':'@66000@'"), NULL, "session"},
    {PARLEY_RULE_MODEL_FIXED, FRESH, UPDATE("'model':'gpt-realtime'"), NULL, NULL, NULL},
    {PARLEY_RULE_MODEL_FIXED, SESSION, UPDATE("'instructions':'a'"), UPDATE("'model':'gpt-realtime'"), NULL,
     "session.model"},
    {PARLEY_RULE_VOICE_KNOWN, SESSION, OUTPUT("'voice':'cedar'"), OUTPUT("'voice':'cove'"), NULL,
     "session.audio.output.voice"},
    {PARLEY_RULE_VOICE_KNOWN, FIRST,
     "{'type':'session.update','session':{'type':'quicksilver','audio':{'output':{'voice':'maple'}}}}",
     "{'type':'session.update','session':{'type':'quicksilver','audio':{'output':{'voice':'marin'}}}}", NULL,
     "session.audio.output.voice"},
    {PARLEY_RULE_VOICE_FIXED, SPOKEN, OUTPUT("'voice':'marin'"), OUTPUT("'voice':'cedar'"), NULL, NULL},
    {PARLEY_RULE_MODALITIES_KNOWN, SESSION, UPDATE("'output_modalities':['text']"),
     UPDATE("'output_modalities':['video']"), NULL, "session.output_modalities[0]"},
    {PARLEY_RULE_MODALITIES_ONE, SESSION, UPDATE("'output_modalities':['audio']"),
     UPDATE("'output_modalities':['audio','text']"), NULL, "session.output_modalities"},
    {PARLEY_RULE_FORMAT_KNOWN, SESSION, INPUT("'format':{'type':'audio/pcm','rate':24000}"),
     INPUT("'format':{'type':'pcm16'}"), NULL, "session.audio.input.format.type"},
    {PARLEY_RULE_FORMAT_RATE, SESSION, INPUT("'format':{'type':'audio/pcm','rate':24000}"),
     INPUT("'format':{'type':'audio/pcm','rate':48000}"), NULL, "session.audio.input.format.rate"},
    {PARLEY_RULE_FORMAT_RATE, SESSION, OUTPUT("'format':{'type':'audio/pcm','rate':24000}"),
     OUTPUT("'format':{'type':'audio/pcm','rate':16000}"), NULL, "session.audio.output.format.rate"},
    {PARLEY_RULE_NOISE_REDUCTION, SESSION, INPUT("'noise_reduction':null"),
     INPUT("'noise_reduction':{'type':'strong'}"), NULL, "session.audio.input.noise_reduction.type"},
    {PARLEY_RULE_TRANSCRIPTION_MODEL, SESSION, INPUT("'transcription':{'model':'gpt-4o-transcribe'}"),
     INPUT("'transcription':{'model':'parrot'}"), NULL, "session.audio.input.transcription.model"},
    {PARLEY_RULE_TRANSCRIPTION_DELAY, SESSION, INPUT("'transcription':{'model':'whisper-1','delay':'low'}"),
     INPUT("'transcription':{'model':'whisper-1','delay':'none'}"), NULL,
     "session.audio.input.transcription.delay"},
    {PARLEY_RULE_WHISPER_TURNS, SESSION,
     INPUT("'transcription':{'model':'gpt-realtime-whisper'},'turn_detection':null"),
     INPUT("'transcription':{'model':'gpt-realtime-whisper'}"), NULL, "session.audio.input.turn_detection"},
    {PARLEY_RULE_TURN_TYPE, SESSION, TURNS("'type':'semantic_vad'"), TURNS("'type':'client_vad'"), NULL,
     "session.audio.input.turn_detection.type"},
    {PARLEY_RULE_VAD_THRESHOLD, SESSION, TURNS("'type':'server_vad','threshold':1"),
     TURNS("'type':'server_vad','threshold':1.1"), NULL, "session.audio.input.turn_detection.threshold"},
    {PARLEY_RULE_VAD_THRESHOLD, SESSION, TURNS("'type':'server_vad','threshold':0"),
     TURNS("'type':'server_vad','threshold':-0.1"), "decimal_below_min_value",
     "session.audio.input.turn_detection.threshold"},
    {PARLEY_RULE_VAD_PADDING, SESSION, TURNS("'type':'server_vad','prefix_padding_ms':0"),
     TURNS("'type':'server_vad','prefix_padding_ms':-1"), NULL,
     "session.audio.input.turn_detection.prefix_padding_ms"},
    {PARLEY_RULE_VAD_SILENCE, SESSION, TURNS("'type':'server_vad','silence_duration_ms':200"),
     TURNS("'type':'server_vad','silence_duration_ms':-200"), NULL,
     "session.audio.input.turn_detection.silence_duration_ms"},
    {PARLEY_RULE_IDLE_RANGE, SESSION, TURNS("'type':'server_vad','idle_timeout_ms':5000"),
     TURNS("'type':'server_vad','idle_timeout_ms':4999"), NULL,
     "session.audio.input.turn_detection.idle_timeout_ms"},
    {PARLEY_RULE_IDLE_RANGE, SESSION, TURNS("'type':'server_vad','idle_timeout_ms':null"),
     TURNS("'type':'server_vad','idle_timeout_ms':30001"), "integer_above_max_value",
     "session.audio.input.turn_detection.idle_timeout_ms"},
    {PARLEY_RULE_SEMANTIC_FIELDS, SESSION, TURNS("'type':'semantic_vad','create_response':false"),
     TURNS("'type':'semantic_vad','silence_duration_ms':500"), NULL,
     "session.audio.input.turn_detection.silence_duration_ms"},
    {PARLEY_RULE_EAGERNESS, SESSION, TURNS("'type':'semantic_vad','eagerness':'high'"),
     TURNS("'type':'semantic_vad','eagerness':'greedy'"), NULL,
     "session.audio.input.turn_detection.eagerness"},
    {PARLEY_RULE_SPEED_RANGE, SESSION, OUTPUT("'speed':1.5"), OUTPUT("'speed':1.6"), NULL,
     "session.audio.output.speed"},
    {PARLEY_RULE_SPEED_BETWEEN, SPOKEN, OUTPUT("'speed':1.2"), NULL, NULL, NULL},
    {PARLEY_RULE_SPEED_BETWEEN, SPEAKING, OUTPUT("'speed':1"), OUTPUT("'speed':1.2"), NULL,
     "session.audio.output.speed"},
    {PARLEY_RULE_MAX_TOKENS, SESSION, UPDATE("'max_output_tokens':4096"), UPDATE("'max_output_tokens':4097"),
     NULL, "session.max_output_tokens"},
    {PARLEY_RULE_MAX_TOKENS, SESSION, UPDATE("'max_output_tokens':'inf'"),
     UPDATE("'max_output_tokens':'many'"), "invalid_value", "session.max_output_tokens"},
    {PARLEY_RULE_TOOL_TYPE, SESSION, UPDATE("'tools':[{'type':'mcp','server_label':'a','server_url':'b'}]"),
     UPDATE("'tools':[{'type':'web_search'}]"), NULL, "session.tools[0].type"},
    {PARLEY_RULE_TOOL_NAME, SESSION, UPDATE("'tools':[{'type':'function','name':'a_b-9'}]"),
     UPDATE("'tools':[{'type':'function','name':'a b'}]"), NULL, "session.tools[0].name"},
    {PARLEY_RULE_TOOL_NAME, SESSION, UPDATE("'tools':[{'type':'function','name':'@64@'}]"),
     UPDATE("'tools':[{'type':'function','name':'@65@'}]"), "string_above_max_length",
     "session.tools[0].name"},
    {PARLEY_RULE_TOOL_CHOICE, SESSION, UPDATE("'tool_choice':'required'"), UPDATE("'tool_choice':'any'"),
     NULL, "session.tool_choice"},
    {PARLEY_RULE_TRACING_FIXED, SESSION, UPDATE("'tracing':'auto'"), NULL, NULL, NULL},
    {PARLEY_RULE_TRUNCATION, SESSION, UPDATE("'truncation':'disabled'"), UPDATE("'truncation':'sometimes'"),
     NULL, "session.truncation"},
    {PARLEY_RULE_RETENTION, SESSION, UPDATE("'truncation':{'type':'retention_ratio','retention_ratio':0.8}"),
     UPDATE("'truncation':{'type':'retention_ratio','retention_ratio':8}"), NULL,
     "session.truncation.retention_ratio"},
    {PARLEY_RULE_INCLUDE, SESSION, UPDATE("'include':['item.input_audio_transcription.logprobs']"),
     UPDATE("'include':['everything']"), NULL, "session.include[0]"},
    {PARLEY_RULE_EFFORT, SESSION, UPDATE("'reasoning':{'effort':'low'}"),
     UPDATE("'reasoning':{'effort':'no'}"), NULL, "session.reasoning.effort"},
    {PARLEY_RULE_TRANSCRIPTION_FIELDS, TRANSCRIBING,
     "{'type':'session.update','session':{'type':'transcription','audio':{'input':{'noise_reduction':null}}}"
     "}",
     "{'type':'session.update','session':{'type':'transcription','instructions':'a'}}", NULL,
     "session.instructions"},

    {PARLEY_RULE_APPEND_MISSING, SESSION, "{'type':'input_audio_buffer.append','audio':''}",
     "{'type':'input_audio_buffer.append'}", NULL, "audio"},
    {PARLEY_RULE_APPEND_BASE64, SESSION, "{'type':'input_audio_buffer.append','audio':'AAA='}",
     "{'type':'input_audio_buffer.append','audio':'A$A='}", NULL, "audio"},
    {PARLEY_RULE_APPEND_WHOLE, SESSION, "{'type':'input_audio_buffer.append','audio':'AAA='}",
     "{'type':'input_audio_buffer.append','audio':'AAAA'}", NULL, "audio"},
    {PARLEY_RULE_APPEND_LENGTH, SESSION, "{'type':'input_audio_buffer.append','audio':'@20971520@'}",
     "{'type':'input_audio_buffer.append','audio':'@20971528@'}", NULL, "audio"},
    {PARLEY_RULE_COMMIT_EMPTY, PUSHED, "{'type':'input_audio_buffer.commit'}", NULL, NULL, NULL},
    {PARLEY_RULE_COMMIT_EMPTY, SESSION, CLEAR, "{'type':'input_audio_buffer.commit'}", NULL, NULL},

    {PARLEY_RULE_ITEM_TYPE, SESSION, MESSAGE("user", TEXT), ITEM("'type':'picture'"), NULL, "item.type"},
    {PARLEY_RULE_ITEM_ROLE, SESSION, MESSAGE("system", TEXT), MESSAGE("developer", TEXT), NULL, "item.role"},
    {PARLEY_RULE_ITEM_CONTENT, SESSION, MESSAGE("user", TEXT), ITEM("'type':'message','role':'user'"), NULL,
     "item.content"},
    {PARLEY_RULE_PART_TYPE, SESSION, MESSAGE("user", TEXT), MESSAGE("user", "{'type':'text','text':'a'}"),
     NULL, "item.content[0].type"},
    {PARLEY_RULE_PART_TYPE, FIRST, MESSAGE("user", "{'type':'text','text':'a'}"),
     MESSAGE("user", "{'type':'input_image','image_url':'data:'}"), NULL, "item.content[0].type"},
    {PARLEY_RULE_PART_TEXT, SESSION, MESSAGE("user", TEXT), MESSAGE("user", TEXT ",{'type':'input_text'}"),
     NULL, "item.content[1].text"},
    {PARLEY_RULE_ASSISTANT_AUDIO, SESSION, MESSAGE("assistant", "{'type':'output_text','text':'a'}"),
     MESSAGE("assistant", "{'type':'output_audio','transcript':'a'}"), NULL, "item.content[0].text"},
    {PARLEY_RULE_ITEM_UNKNOWN, SESSION,
     ITEM("'type':'message','role':'user','status':'completed','content':[]"),
     ITEM("'type':'message','role':'user','name':'bob','content':[]"), NULL, "item.name"},
    {PARLEY_RULE_ITEM_ILL_TYPED, SESSION, MESSAGE("user", TEXT),
     MESSAGE("user", "{'type':'input_text','text':5}"), NULL, "item.content[0].text"},
    {PARLEY_RULE_ITEM_ID_LENGTH, SESSION, ITEM("'id':'@32@','type':'message','role':'user','content':[]"),
     ITEM("'id':'@33@','type':'message','role':'user','content':[]"), NULL, "item.id"},
    {PARLEY_RULE_ITEM_ID_UNIQUE, SPOKEN, ITEM("'id':'item_7','type':'message','role':'user','content':[]"),
     ITEM("'id':'item_0002','type':'message','role':'user','content':[]"), NULL, "item.id"},
    {PARLEY_RULE_ITEM_PREVIOUS, SPOKEN,
     "{'type':'conversation.item.create','previous_item_id':'root','item':{'type':'message','role':'user',"
     "'content':[]}}",
     "{'type':'conversation.item.create','previous_item_id':'item_9','item':{'type':'message','role':'user',"
     "'content':[]}}",
     NULL, "previous_item_id"},
    {PARLEY_RULE_CALL_KNOWN, CALLED, ITEM("'type':'function_call_output','call_id':'call_0001','output':''"),
     ITEM("'type':'function_call_output','call_id':'call_0002','output':''"), NULL, NULL},
    {PARLEY_RULE_CALL_FIELDS, SESSION,
     ITEM("'type':'function_call','name':'f','arguments':'{}','call_id':'c'"),
     ITEM("'type':'function_call','name':'f'"), NULL, "item.arguments"},
    {PARLEY_RULE_TRUNCATE_ITEM, SPOKEN, CUT("item_0002", "0", "100"), CUT("item_0009", "0", "100"), NULL,
     "item_id"},
    {PARLEY_RULE_TRUNCATE_AUDIO, SPOKEN, CUT("item_0002", "0", "0"), CUT("item_0001", "0", "0"), NULL,
     "item_id"},
    {PARLEY_RULE_TRUNCATE_LENGTH, SPOKEN, CUT("item_0002", "0", "100"), CUT("item_0002", "0", "60000"), NULL,
     "audio_end_ms"},
    {PARLEY_RULE_TRUNCATE_INDEX, SPOKEN, CUT("item_0002", "0", "100"), CUT("item_0002", "1", "100"), NULL,
     "content_index"},
    {PARLEY_RULE_TRUNCATE_END, SPOKEN, CUT("item_0002", "0", "100"), CUT("item_0002", "0", "-1"), NULL,
     "audio_end_ms"},
    {PARLEY_RULE_DELETE_ITEM, SPOKEN, "{'type':'conversation.item.delete','item_id':'item_0001'}",
     "{'type':'conversation.item.delete','item_id':'item_0009'}", NULL, "item_id"},
    {PARLEY_RULE_RETRIEVE_ITEM, SPOKEN, "{'type':'conversation.item.retrieve','item_id':'item_0001'}",
     "{'type':'conversation.item.retrieve','item_id':'item_0009'}", NULL, "item_id"},

    {PARLEY_RULE_RESPONSE_ONE, SPOKEN, CREATE, NULL, NULL, NULL},
    {PARLEY_RULE_RESPONSE_ONE, SPEAKING, RESPOND("'conversation':'none'"), CREATE, NULL, NULL},
    {PARLEY_RULE_RESPONSE_UNKNOWN, SESSION, RESPOND("'instructions':'a'"), RESPOND("'voice':'marin'"), NULL,
     "response.voice"},
    {PARLEY_RULE_RESPONSE_ILL_TYPED, SESSION, RESPOND("'tools':[]"), RESPOND("'input':'hello'"), NULL,
     "response.input"},
    {PARLEY_RULE_RESPONSE_CONVERSATION, SESSION, RESPOND("'conversation':'auto'"),
     RESPOND("'conversation':'other'"), NULL, "response.conversation"},
    {PARLEY_RULE_RESPONSE_MODALITIES, SESSION, RESPOND("'output_modalities':['text']"),
     RESPOND("'output_modalities':['text','audio']"), NULL, "response.output_modalities"},
    {PARLEY_RULE_RESPONSE_VOICE, SPOKEN, RESPOND("'audio':{'output':{'voice':'marin'}}"),
     RESPOND("'audio':{'output':{'voice':'cedar'}}"), NULL, NULL},
    {PARLEY_RULE_RESPONSE_INPUT, SPOKEN, RESPOND("'input':[{'type':'item_reference','id':'item_0001'}]"),
     RESPOND("'input':[{'type':'item_reference','id':'item_0009'}]"), NULL, "response.input"},
    {PARLEY_RULE_METADATA, SESSION, RESPOND("'metadata':{'topic':'@512@'}"),
     RESPOND("'metadata':{'topic':'@513@'}"), NULL, "response.metadata"},
    {PARLEY_RULE_METADATA, SESSION, RESPOND("'metadata':null"), RESPOND("'metadata':{'topic':5}"), NULL,
     "response.metadata"},
    {PARLEY_RULE_RESPONSE_TRANSCRIPTION, SESSION, CREATE, NULL, NULL, NULL},
    {PARLEY_RULE_RESPONSE_TRANSCRIPTION, TRANSCRIBING, CLEAR, CREATE, NULL, "type"},
    {PARLEY_RULE_CANCEL_IDLE, SPEAKING, "{'type':'response.cancel','response_id':'resp_0001'}",
     "{'type':'response.cancel','response_id':'resp_0009'}", NULL, NULL},
    {PARLEY_RULE_CANCEL_IDLE, SPEAKING, "{'type':'response.cancel'}", NULL, NULL, NULL},
    {PARLEY_RULE_CANCEL_IDLE, SPOKEN, CLEAR, "{'type':'response.cancel'}", NULL, NULL},
    {PARLEY_RULE_OUTPUT_CLEAR, SESSION, CLEAR, "{'type':'output_audio_buffer.clear'}", NULL, "type"},

    {PARLEY_RULE_FIRST_SESSION, FIRST, FIRST_SESSION,
     "{'type':'session.update','session':{'type':'quicksilver','tools':[]}}", NULL, "session.tools"},
    {PARLEY_RULE_FIRST_HANDOFF, FIRST_CALLED,
     "{'type':'conversation.handoff.append','handoff_id':'call_0001','output_text':'a'}",
     "{'type':'conversation.handoff.append','handoff_id':'call_0009','output_text':'a'}", NULL, "handoff_id"},
    {PARLEY_RULE_FIRST_ONLY, FIRST_CALLED,
     "{'type':'conversation.handoff.append','handoff_id':'call_0001','output_text':'a'}", NULL, NULL, NULL},
    {PARLEY_RULE_FIRST_ONLY, CALLED, CLEAR,
     "{'type':'conversation.handoff.append','handoff_id':'call_0001','output_text':'a'}", NULL, "type"},
};

enum { ROWS = sizeof(rows) / sizeof(rows[0]) };

static void what_obeys_is_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct feed f;

        if (rows[i].obeys == NULL)
            continue;
        print_message("# %s: %.100s\n", parley_rule(rows[i].rule)->id, rows[i].obeys);
        go_to(&f, rows[i].state, NULL);
        feed_send(&f, rows[i].obeys);
        feed_pass(&f, 100);
        feed_none(&f, "error");
        assert_int_equal(parley_service_breach_count(f.peer), 0);
        kept[rows[i].rule] = true;
        feed_close(&f);
    }
}

/* The error names the rule's code, the field and the message; the breach is noted; nothing has changed, and
   the conversation goes on. */
static void refused(struct feed *f, const struct row *row)
{
    char id[64], code[64], param[128];
    const struct parley_service_breach *breach;
    struct parley_view error;

    feed_send(f, row->breaks);
    error = feed_wanted(f, "error");
    snprintf(code, sizeof(code), "'%s'", row->code != NULL ? row->code : parley_rule(row->rule)->answer);
    snprintf(param, sizeof(param), row->param != NULL ? "'%s'" : "null", row->param);
    feed_member(error, "error.type", "'invalid_request_error'");
    feed_member(error, "error.code", code);
    feed_member(error, "error.param", param);
    assert_true(parley_peek_text(error, "error.message", id, sizeof(id)).len > 10);
    assert_int_equal(parley_service_breaches(f->peer, &breach), 1);
    assert_string_equal(parley_rule(breach->rule)->id, parley_rule(row->rule)->id);
    assert_int_equal(breach->at_us, f->now_us - FEED_START_US);
    assert_true(strlen(breach->excerpt) > 10);
    feed_none(f, "session.updated");
    feed_send(f, row->state >= FIRST ? FIRST_SESSION : CLEAR);
    feed_wanted(f, row->state >= FIRST ? "session.updated" : "input_audio_buffer.cleared");
    assert_int_equal(parley_service_breach_count(f->peer), 1);
}

static void what_does_not_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct feed f;

        if (rows[i].breaks == NULL)
            continue;
        print_message("# %s: %.100s\n", parley_rule(rows[i].rule)->id, rows[i].breaks);
        go_to(&f, rows[i].state, NULL);
        refused(&f, &rows[i]);
        broken[rows[i].rule] |= rows[i].code == NULL;
        feed_close(&f);
    }
}

/* A lenient service lets pass what is a matter of form, and nothing else. */
static void form_may_pass(void **state)
{
    const struct parley_service_settings lenient = {.lenient = true};

    (void)state;
    for (size_t i = 0; i < ROWS; i++) {
        struct feed f;

        if (rows[i].breaks == NULL)
            continue;
        print_message("# %s: %.100s\n", parley_rule(rows[i].rule)->id, rows[i].breaks);
        go_to(&f, rows[i].state, &lenient);
        feed_send(&f, rows[i].breaks);
        assert_int_equal(parley_service_breach_count(f.peer), parley_rule(rows[i].rule)->kind == 'c');
        feed_close(&f);
    }
}

static size_t times(const char *text, const char *part)
{
    size_t count = 0;

    for (; (text = strstr(text, part)) != NULL; text++)
        count++;
    return count;
}

/* A name means what JSON says it does: escapes are undone, and a dot is no path. */
static void names_of_members_in_an_update(void **state)
{
    const struct parley_service_settings settings[] = {{.lenient = false}, {.lenient = true}};
    static const struct {
        const char *title, *update, *answer;
        const char *once; /* in the answer */
    } updates[] = {
        {"escaped", "'\\u0069nstructions':'A'", "session.updated", "\"instructions\":\"A\""},
        {"escaped, and there is no other", "'\\u0069nstructions':'A'", "session.updated", "nstructions\":"},
        {"escaped, of objects that are merged",
         "'\\u0061udio':{'inpu\\u0074':{'turn_detection':{'typ\\u0065':'server_vad','thr\\u0065shold':1}}}",
         "session.updated", "\"threshold\":1,\"prefix_padding_ms\":300"},
        {"with a dot, like the path of another", "'audio.input':{}", "error", "'session.audio.input'"},
        {"with a dot, in an object that is merged", "'audio':{'output.voice':'ash'}", "error",
         "'session.audio.output.voice'"},
        {"with a dot, and nothing like it", "'x.y':1", "error", "'session.x.y'"},
        {"empty", "'':1", "error", "'session.'"},
    };

    (void)state;
    for (size_t i = 0; i < 2 * (sizeof(updates) / sizeof(updates[0])); i++) {
        struct feed f;
        char message[300];

        print_message("# %s%s\n", updates[i / 2].title, i % 2 == 0 ? "" : ", lenient");
        feed_open(&f, "", &settings[i % 2]);
        snprintf(message, sizeof(message), "{'type':'session.update','session':{'type':'realtime',%s}}",
                 updates[i / 2].update);
        feed_send(&f, message);
        assert_int_equal(times(feed_wanted(&f, updates[i / 2].answer).at, updates[i / 2].once), 1);
        feed_close(&f);
    }
}

/* ---- what the service does by itself --------------------------------------------------------------- */

/* The order of all types since the last look, deltas in a row once, parted by blanks. */
static const char *types_of(struct feed *f)
{
    static char all[4096];
    char type[96], before[96] = "";
    size_t used = 0;

    for (; f->looked < f->count; f->looked++) {
        struct parley_view found =
            parley_peek_text(parley_view(f->messages[f->looked].text), "type", type, sizeof(type) - 1);

        type[found.len] = '\0';
        if (strstr(type, ".delta") != NULL && strstr(type, "arguments") == NULL)
            strcpy(type, "delta");
        if (strcmp(type, before) != 0 || strcmp(type, "delta") != 0)
            used += (size_t)snprintf(all + used, sizeof(all) - used, "%s%s", used > 0 ? " " : "", type);
        strcpy(before, type);
    }
    return used > 0 ? all : "";
}

static void speak(struct feed *f)
{
    feed_sound(f, "please count the files", 1000, 100);
    feed_sound(f, NULL, 1500, 100);
}

static void error_echo(struct feed *f)
{
    feed_send(f, "{'type':'response.cancel','event_id':'mine-7'}");
    feed_member(feed_wanted(f, "error"), "error.event_id", "'mine-7'");
}

static void error_echo_none(struct feed *f)
{
    feed_send(f, "{'type':'response.cancel'}");
    feed_member(feed_wanted(f, "error"), "error.event_id", "null");
}

static void strike(struct feed *f, enum parley_service_fault_kind kind, uint64_t amount)
{
    struct parley_service_fault fault = {.kind = kind, .amount = amount};

    parley_service_strike(f->peer, &fault, f->now_us);
    feed_turn(f);
}

static void error_nulls(struct feed *f)
{
    struct parley_view error;

    strike(f, PARLEY_FAULT_ERROR, 0);
    error = feed_wanted(f, "error");
    feed_member(error, "error.type", "'server_error'");
    feed_member(error, "error.code", "null");
    feed_member(error, "error.param", "null");
    feed_member(error, "error.event_id", "null");
    assert_int_equal(parley_service_breach_count(f->peer), 0);
}

static void error_not_null(struct feed *f)
{
    feed_send(f, "{'type':'nothing','event_id':'a'}");
    feed_member(feed_wanted(f, "error"), "error.param", "'type'");
}

static void error_goes_on(struct feed *f)
{
    feed_send(f, "{'type':'nothing'}");
    feed_wanted(f, "error");
    feed_send(f, SAY("hello"));
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
}

static void error_ends_nothing_running(struct feed *f)
{
    feed_send(f, "{'type':'nothing'}");
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
    assert_int_equal(f->status, 0);
}

static void event_ids(struct feed *f)
{
    for (size_t i = 0; i < f->count; i++)
        for (size_t k = 0; k < i; k++) {
            char a[64], b[64];

            assert_false(parley_view_equal(
                parley_peek_text(parley_view(f->messages[i].text), "event_id", a, sizeof(a)),
                parley_peek_text(parley_view(f->messages[k].text), "event_id", b, sizeof(b))));
        }
}

/* Another connection is another session, with ids of its own. */
static void ids_of_another(struct feed *f)
{
    f->peer->opened(f->peer->state, f->now_us);
    feed_turn(f);
    feed_member(feed_wanted(f, "session.created"), "session.id", "'sess_0002'");
    feed_send(f, "{'type':'conversation.item.retrieve','item_id':'item_0001'}");
    feed_wanted(f, "error");
    event_ids(f);
}

static void session_created(struct feed *f)
{
    struct parley_view created = parley_view(f->messages[0].text);

    feed_member(created, "type", "'session.created'");
    feed_member(created, "session.object", "'realtime.session'");
    feed_member(created, "session.model", "'loopback'");
    assert_int_equal(feed_number(created, "session.expires_at"), FEED_START_US / 1000000 + 3600);
}

static void session_created_once(struct feed *f)
{
    f->looked = 1;
    feed_send(f, UPDATE("'instructions':'a'"));
    feed_none(f, "session.created");
}

static void session_effective(struct feed *f)
{
    struct parley_view session;

    feed_send(f, UPDATE("'instructions':'Be kind.','audio':{'input':{'turn_detection':{'type':'server_vad',"
                        "'silence_duration_ms':900}}}"));
    feed_send(f, UPDATE("'output_modalities':['text']"));
    feed_wanted(f, "session.updated");
    session = feed_wanted(f, "session.updated");
    feed_member(session, "session.instructions", "'Be kind.'");
    feed_member(session, "session.output_modalities.0", "'text'");
    feed_member(session, "session.tools.0.name", "'background_agent'");
    feed_member(session, "session.audio.input.turn_detection.silence_duration_ms", "900");
    feed_member(session, "session.audio.input.turn_detection.threshold", "0.5");
    feed_member(session, "session.audio.output.voice", "'marin'");
}

/* Of an update that is refused nothing counts. Another kind of turns begins with its own values. */
static void session_not_in_effect(struct feed *f)
{
    struct parley_view session;

    feed_send(f, UPDATE("'instructions':'Be kind.','colour':1"));
    feed_send(f, TURNS("'type':'semantic_vad'"));
    session = feed_wanted(f, "session.updated");
    feed_member(session, "session.instructions", "''");
    feed_member(session, "session.audio.input.turn_detection.eagerness", "'auto'");
    assert_false(feed_has(session, "session.audio.input.turn_detection.threshold"));
    feed_send(f, INPUT("'turn_detection':null"));
    feed_send(f, TURNS("'type':'server_vad','threshold':0.9"));
    feed_wanted(f, "session.updated");
    session = feed_wanted(f, "session.updated");
    feed_member(session, "session.audio.input.turn_detection.threshold", "0.9");
    feed_member(session, "session.audio.input.turn_detection.prefix_padding_ms", "300");
}

static void session_minutes(struct feed *f)
{
    feed_pass(f, 3600000);
    feed_member(feed_wanted(f, "error"), "error.code", "'session_expired'");
    assert_int_equal(feed_at_ms(f), 3600000);
    assert_int_equal(f->status, PARLEY_ERR_PEER_CLOSED);
    assert_int_equal(f->peer->close_code, 1001);
    assert_non_null(strstr(f->peer->reason(f->peer->state).at, "60 minutes"));
}

static void session_minutes_not_over(struct feed *f)
{
    feed_pass(f, 3599000);
    feed_none(f, "error");
    assert_int_equal(f->status, 0);
}

static void append_silent(struct feed *f)
{
    feed_sound(f, NULL, 1000, 100);
    assert_string_equal(types_of(f), "");
}

static void append_heard(struct feed *f)
{
    feed_sound(f, "please", 300, 100);
    assert_string_equal(types_of(f), "input_audio_buffer.speech_started");
}

static void commit_only(struct feed *f)
{
    feed_send(f, "{'type':'input_audio_buffer.commit'}");
    feed_pass(f, 10000);
    assert_string_equal(types_of(f), "input_audio_buffer.committed conversation.item.added "
                                     "conversation.item.done");
}

static void commit_and_create(struct feed *f)
{
    feed_send(f, "{'type':'input_audio_buffer.commit'}");
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    feed_wanted(f, "response.done");
}

static void clear(struct feed *f)
{
    feed_send(f, CLEAR);
    feed_send(f, CLEAR);
    feed_wanted(f, "input_audio_buffer.cleared");
    feed_wanted(f, "input_audio_buffer.cleared");
    feed_send(f, "{'type':'input_audio_buffer.commit'}");
    feed_member(feed_wanted(f, "error"), "error.code", "'input_audio_buffer_commit_empty'");
}

static void not_cleared(struct feed *f)
{
    feed_send(f, "{'type':'input_audio_buffer.commit'}");
    feed_none(f, "input_audio_buffer.cleared");
}

static void speech_item(struct feed *f)
{
    struct parley_view started, committed;

    speak(f);
    started = feed_wanted(f, "input_audio_buffer.speech_started");
    feed_member(started, "item_id", "'item_0003'");
    feed_member(feed_wanted(f, "input_audio_buffer.speech_stopped"), "item_id", "'item_0003'");
    committed = feed_wanted(f, "input_audio_buffer.committed");
    feed_member(committed, "item_id", "'item_0003'");
    feed_member(committed, "previous_item_id", "'item_0002'");
}

/* It is no item before it is committed. */
static void speech_item_not_there(struct feed *f)
{
    feed_sound(f, "please", 300, 100);
    feed_member(feed_wanted(f, "input_audio_buffer.speech_started"), "item_id", "'item_0003'");
    feed_send(f, "{'type':'conversation.item.retrieve','item_id':'item_0003'}");
    feed_wanted(f, "error");
}

static uint64_t started_ms(struct feed *f, const char *turns)
{
    feed_send(f, turns);
    feed_sound(f, NULL, 1000, 100);
    speak(f);
    return feed_number(feed_wanted(f, "input_audio_buffer.speech_started"), "audio_start_ms");
}

static void speech_padding(struct feed *f)
{
    assert_in_range(started_ms(f, TURNS("'type':'server_vad','prefix_padding_ms':500")), 450, 620);
}

static void speech_no_padding(struct feed *f)
{
    assert_in_range(started_ms(f, TURNS("'type':'server_vad','prefix_padding_ms':0")), 950, 1120);
}

/* Milliseconds from the last sound to the end of speech. */
static uint64_t pause_ms(struct feed *f, const char *turns)
{
    feed_send(f, turns);
    feed_sound(f, "aaaaaaaaaaaaaaaaaa", 1000, 100);
    feed_sound(f, NULL, 9000, 100);
    feed_wanted(f, "input_audio_buffer.speech_stopped");
    return feed_at_ms(f) - 1000;
}

static void speech_silence(struct feed *f)
{
    assert_in_range(pause_ms(f, TURNS("'type':'server_vad','silence_duration_ms':1200")), 900, 1260);
}

static void speech_less_silence(struct feed *f)
{
    assert_in_range(pause_ms(f, TURNS("'type':'server_vad','silence_duration_ms':200")), 0, 260);
}

static void speech_threshold(struct feed *f)
{
    feed_send(f, TURNS("'type':'server_vad','threshold':0.9"));
    feed_sound(f, "aaaaaaaaaaaaaaaaaa", 1000, 6);
    feed_none(f, "input_audio_buffer.speech_started");
}

static void speech_low_threshold(struct feed *f)
{
    feed_send(f, TURNS("'type':'server_vad','threshold':0.1"));
    feed_sound(f, "aaaaaaaaaaaaaaaaaa", 1000, 6);
    feed_wanted(f, "input_audio_buffer.speech_started");
}

/* The heard line has no full stop: it might go on. */
static void speech_eagerness(struct feed *f)
{
    assert_in_range(pause_ms(f, TURNS("'type':'semantic_vad','eagerness':'high'")), 1700, 2060);
}

/* The second line is not there: what was said is taken for whole. */
static void speech_not_waited_for(struct feed *f)
{
    speak(f);
    feed_pass(f, 10000);
    feed_send(f, TURNS("'type':'semantic_vad','eagerness':'low'"));
    feed_ignore(f);
    f->now_us = FEED_START_US + 60000000;
    feed_sound(f, "aaaaaaaaaaaaaaaaaa", 1000, 100);
    feed_sound(f, NULL, 2000, 100);
    feed_wanted(f, "input_audio_buffer.speech_stopped");
    assert_in_range(feed_at_ms(f) - 61000, 300, 560);
}

static void answer(struct feed *f)
{
    feed_send(f, SAY("hello"));
    feed_send(f, CREATE);
}

static void speech_idle(struct feed *f)
{
    uint64_t done_ms;

    feed_send(f, TURNS("'type':'server_vad','idle_timeout_ms':6000"));
    answer(f);
    feed_pass(f, 20000);
    feed_wanted(f, "response.done");
    done_ms = feed_at_ms(f);
    feed_member(feed_wanted(f, "input_audio_buffer.timeout_triggered"), "item_id", "'item_0003'");
    assert_true(feed_at_ms(f) > done_ms + 6000); /* the answer had to be played first */
    feed_member(feed_wanted(f, "input_audio_buffer.committed"), "item_id", "'item_0003'");
    feed_wanted(f, "response.created");
}

static void speech_never_idle(struct feed *f)
{
    answer(f);
    feed_pass(f, 60000);
    feed_none(f, "input_audio_buffer.timeout_triggered");
}

static void speech_interrupts(struct feed *f)
{
    speak(f);
    feed_wanted(f, "input_audio_buffer.speech_started");
    feed_member(feed_wanted(f, "response.done"), "response.status_details.reason", "'turn_detected'");
}

static void speech_does_not_interrupt(struct feed *f)
{
    feed_send(f, TURNS("'type':'server_vad','interrupt_response':false"));
    speak(f);
    feed_pass(f, 5000);
    feed_wanted(f, "input_audio_buffer.speech_started");
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
}

static void speech_answered(struct feed *f)
{
    speak(f);
    feed_wanted(f, "response.created");
}

static void speech_not_answered(struct feed *f)
{
    feed_send(f, TURNS("'type':'server_vad','create_response':false"));
    speak(f);
    feed_wanted(f, "input_audio_buffer.committed");
    feed_pass(f, 5000);
    feed_none(f, "response.created");
}

static void turns_off(struct feed *f)
{
    speak(f);
    feed_pass(f, 5000);
    assert_string_equal(types_of(f), "");
}

static void turns_on(struct feed *f)
{
    feed_send(f, TURNS("'type':'server_vad'"));
    speak(f);
    feed_wanted(f, "input_audio_buffer.speech_started");
}

static void transcribed(struct feed *f)
{
    struct parley_view done;

    speak(f);
    feed_pass(f, 1000);
    feed_wanted(f, "conversation.item.input_audio_transcription.delta");
    done = feed_wanted(f, "conversation.item.input_audio_transcription.completed");
    feed_member(done, "transcript", "'please count the files'");
    feed_none(f, "response.created");
}

static void not_transcribed(struct feed *f)
{
    speak(f);
    feed_pass(f, 1000);
    feed_none(f, "conversation.item.input_audio_transcription.completed");
}

static void item_chain(struct feed *f)
{
    struct parley_view added;

    feed_send(f, "{'type':'conversation.item.create','previous_item_id':'item_0001','item':{'id':'between',"
                 "'type':'message','role':'user','content':[]}}");
    added = feed_wanted(f, "conversation.item.added");
    feed_member(added, "previous_item_id", "'item_0001'");
    feed_send(f, "{'type':'conversation.item.create','previous_item_id':'root','item':{'id':'front',"
                 "'type':'message','role':'user','content':[]}}");
    feed_member(feed_wanted(f, "conversation.item.added"), "previous_item_id", "null");
    feed_send(f, SAY("hello"));
    feed_member(feed_wanted(f, "conversation.item.added"), "previous_item_id", "'item_0002'");
}

/* What is deleted is no link of the chain any more. */
static void item_chain_broken(struct feed *f)
{
    feed_send(f, "{'type':'conversation.item.delete','item_id':'item_0002'}");
    feed_send(f, SAY("hello"));
    feed_member(feed_wanted(f, "conversation.item.added"), "previous_item_id", "'item_0001'");
}

static void truncate_forgets(struct feed *f)
{
    feed_send(f, CUT("item_0002", "0", "300"));
    feed_wanted(f, "conversation.item.truncated");
    feed_send(f, "{'type':'conversation.item.retrieve','item_id':'item_0002'}");
    feed_member(feed_wanted(f, "conversation.item.retrieved"), "item.content.0.transcript", "''");
    feed_send(f, CUT("item_0002", "0", "301"));
    feed_member(feed_wanted(f, "error"), "error.message",
                "'Audio content of 300ms is already shorter than 301ms'");
}

static void not_forgotten(struct feed *f)
{
    struct parley_view item;
    char text[256];

    feed_send(f, "{'type':'conversation.item.retrieve','item_id':'item_0002'}");
    item = feed_wanted(f, "conversation.item.retrieved");
    feed_member(item, "item.role", "'assistant'");
    assert_true(parley_peek_text(item, "item.content.0.transcript", text, sizeof(text)).len > 20);
}

static void response_parallel(struct feed *f)
{
    struct parley_view apart;

    feed_send(f, RESPOND("'conversation':'none','output_modalities':['text'],'instructions':'hello'"));
    apart = feed_wanted(f, "response.created");
    feed_member(apart, "response.id", "'resp_0002'");
    feed_member(apart, "response.conversation_id", "null");
    feed_pass(f, 10000);
    do {
        apart = feed_wanted(f, "response.done");
    } while (!parley_peek_is(apart, "response.id", "resp_0002"));
    feed_member(apart, "response.output.0.content.0.type", "'output_text'");
    f->looked = 0;
    for (unsigned done = 0; done < 2; done++)
        feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
    feed_send(f, SAY("hello"));
    feed_member(feed_wanted(f, "conversation.item.added"), "previous_item_id", "'item_0002'");
}

static void response_not_parallel(struct feed *f)
{
    feed_send(f, RESPOND("'conversation':'auto','instructions':'hello'"));
    feed_member(feed_wanted(f, "error"), "error.code", "'conversation_already_has_active_response'");
    feed_none(f, "response.created");
}

static void metadata_echo(struct feed *f)
{
    feed_send(f, RESPOND("'conversation':'none','metadata':{'topic':'a'}"));
    feed_member(feed_wanted(f, "response.created"), "response.metadata.topic", "'a'");
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.metadata.topic", "'a'");
}

static void metadata_null(struct feed *f)
{
    feed_send(f, CREATE);
    feed_member(feed_wanted(f, "response.created"), "response.metadata", "null");
}

static void reply_order(struct feed *f)
{
    answer(f);
    feed_pass(f, 10000);
    assert_string_equal(
        types_of(f),
        "conversation.item.added conversation.item.done response.created response.output_item.added "
        "conversation.item.added response.content_part.added delta response.output_audio.done "
        "response.output_audio_transcript.done response.content_part.done conversation.item.done "
        "response.output_item.done response.done rate_limits.updated");
}

/* A written answer has no sound. */
static void reply_order_in_writing(struct feed *f)
{
    answer(f);
    feed_pass(f, 10000);
    assert_string_equal(
        types_of(f), "conversation.item.added conversation.item.done response.created "
                     "response.output_item.added conversation.item.added response.content_part.added delta "
                     "response.output_text.done response.content_part.done conversation.item.done "
                     "response.output_item.done response.done rate_limits.updated");
}

/* All deltas of a type, one after the other. */
static size_t sum_deltas(struct feed *f, const char *type, char *into, size_t bytes)
{
    struct parley_view message;
    size_t used = 0;

    for (f->looked = 0; (message = feed_next(f, type)).at != NULL;) {
        struct parley_view raw;

        assert_true(parley_peek(message, parley_view("delta"), &raw));
        used += into != NULL ? parley_peek_unescape(raw, into + used, bytes - used).len
                             : (raw.len - 2) / 4 * 3 / 2;
    }
    return used;
}

static void reply_deltas(struct feed *f)
{
    char told[1024], whole[1024];
    struct parley_view done;
    size_t used;

    answer(f);
    feed_pass(f, 10000);
    used = sum_deltas(f, "response.output_audio_transcript.delta", told, sizeof(told));
    f->looked = 0;
    done = parley_peek_text(feed_wanted(f, "response.output_audio_transcript.done"), "transcript", whole,
                            sizeof(whole));
    assert_true(done.len > 20);
    assert_true(parley_view_equal(done, parley_view_of(told, used)));
}

/* Of a response that is cancelled the texts are as short as what was told. */
static void reply_deltas_cut(struct feed *f)
{
    char told[1024], whole[1024];
    struct parley_view done;
    size_t used;

    feed_send(f, "{'type':'response.cancel'}");
    feed_pass(f, 1000);
    used = sum_deltas(f, "response.output_audio_transcript.delta", told, sizeof(told));
    f->looked = 0;
    done = parley_peek_text(feed_wanted(f, "response.output_audio_transcript.done"), "transcript", whole,
                            sizeof(whole));
    assert_true(parley_view_equal(done, parley_view_of(told, used)));
    assert_true(done.len < 30);
}

static uint64_t reply_took_ms(struct feed *f, uint64_t *sound_ms)
{
    uint64_t from_ms;

    answer(f);
    feed_pass(f, 30000);
    *sound_ms = sum_deltas(f, "response.output_audio.delta", NULL, 0) / FEED_MS;
    f->looked = 0;
    feed_wanted(f, "response.content_part.added");
    from_ms = feed_at_ms(f);
    feed_wanted(f, "response.done");
    return feed_at_ms(f) - from_ms;
}

static void reply_fast(struct feed *f)
{
    uint64_t sound_ms, took_ms = reply_took_ms(f, &sound_ms);

    assert_true(sound_ms > 2000);
    assert_true(took_ms * 4 < sound_ms);
}

static void reply_slow(struct feed *f)
{
    const struct parley_service_settings slow = {.speed = 1};
    uint64_t sound_ms, took_ms;

    feed_close(f);
    go_to(f, SESSION, &slow);
    took_ms = reply_took_ms(f, &sound_ms);
    assert_in_range(took_ms, sound_ms - 200, sound_ms + 200);
}

static void assert_usage(struct parley_view done)
{
    uint64_t in = feed_number(done, "response.usage.input_tokens"),
             out = feed_number(done, "response.usage.output_tokens");

    assert_int_equal(feed_number(done, "response.usage.total_tokens"), in + out);
    assert_int_equal(feed_number(done, "response.usage.output_token_details.text_tokens") +
                         feed_number(done, "response.usage.output_token_details.audio_tokens"),
                     out);
    assert_true(in > 0);
}

static void reply_usage(struct feed *f)
{
    struct parley_view done;

    answer(f);
    feed_pass(f, 10000);
    done = feed_wanted(f, "response.done");
    assert_usage(done);
    assert_true(feed_number(done, "response.usage.output_token_details.audio_tokens") > 10);
}

static void reply_usage_of_nothing(struct feed *f)
{
    strike(f, PARLEY_FAULT_EMPTY_REPLY, 0);
    answer(f);
    feed_pass(f, 10000);
    assert_usage(feed_wanted(f, "response.done"));
    f->looked = 0;
    assert_int_equal(feed_number(feed_wanted(f, "response.done"), "response.usage.output_tokens"), 0);
    f->looked = 0;
    feed_member(feed_wanted(f, "response.done"), "response.output", "[]");
}

static void reply_cancelled(struct feed *f)
{
    struct parley_view done;

    feed_send(f, "{'type':'response.cancel'}");
    feed_pass(f, 1000);
    feed_wanted(f, "response.output_audio.done");
    feed_member(feed_wanted(f, "response.output_item.done"), "item.status", "'incomplete'");
    done = feed_wanted(f, "response.done");
    feed_member(done, "response.status", "'cancelled'");
    feed_member(done, "response.status_details.type", "'cancelled'");
    feed_member(done, "response.status_details.reason", "'client_cancelled'");
    feed_none(f, "response.output_audio.delta");
}

static void reply_not_cancelled(struct feed *f)
{
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.output_item.done"), "item.status", "'completed'");
    feed_member(feed_wanted(f, "response.done"), "response.status_details", "null");
}

static void reply_incomplete(struct feed *f)
{
    struct parley_view done;

    feed_send(f, UPDATE("'max_output_tokens':10"));
    answer(f);
    feed_pass(f, 10000);
    done = feed_wanted(f, "response.done");
    feed_member(done, "response.status", "'incomplete'");
    feed_member(done, "response.status_details.reason", "'max_output_tokens'");
    assert_in_range(feed_number(done, "response.usage.output_tokens"), 10, 14);
}

static void reply_complete(struct feed *f)
{
    feed_send(f, UPDATE("'max_output_tokens':10"));
    feed_send(f, SAY("hello"));
    feed_send(f, RESPOND("'max_output_tokens':4096"));
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
}

static void reply_call(struct feed *f)
{
    struct parley_view done;

    feed_send(f, SAY("please count the files"));
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.function_call_arguments.delta"), "call_id", "'call_0001'");
    done = feed_wanted(f, "response.function_call_arguments.done");
    feed_member(done, "name", "'background_agent'");
    feed_member(done, "arguments", "'{\\'prompt\\':\\'please count the files\\'}'");
    feed_member(feed_wanted(f, "conversation.item.done"), "item.call_id", "'call_0001'");
    feed_member(feed_wanted(f, "response.done"), "response.output.1.type", "'function_call'");
}

/* Without the tool there is no call. */
static void reply_no_call(struct feed *f)
{
    feed_send(f, UPDATE("'tools':[]"));
    feed_send(f, SAY("please count the files"));
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    feed_wanted(f, "response.done");
    f->looked = 0;
    feed_none(f, "response.function_call_arguments.done");
}

static uint64_t tokens_left(struct feed *f)
{
    answer(f);
    feed_pass(f, 5000);
    return feed_number(feed_wanted(f, "rate_limits.updated"), "rate_limits.0.remaining");
}

static void rate_limits(struct feed *f)
{
    uint64_t first = tokens_left(f);

    assert_in_range(first, 399000, 399999);
    feed_pass(f, 60000);
    assert_in_range(tokens_left(f), 399000, 399999); /* it has grown back */
}

static void rate_limits_not_grown(struct feed *f)
{
    const struct parley_service_settings few = {.tokens_a_minute = 1000};
    uint64_t first;

    feed_close(f);
    go_to(f, SESSION, &few);
    first = tokens_left(f);
    assert_true(tokens_left(f) < first);
}

static void rate_exceeded(struct feed *f)
{
    struct parley_view done;

    strike(f, PARLEY_FAULT_RATE_LIMIT, 0);
    answer(f);
    feed_pass(f, 1000);
    done = feed_wanted(f, "response.done");
    feed_member(done, "response.status", "'failed'");
    feed_member(done, "response.status_details.error.code", "'rate_limit_exceeded'");
    feed_member(feed_wanted(f, "rate_limits.updated"), "rate_limits.0.name", "'tokens'");
    feed_pass(f, 60000);
    feed_send(f, CREATE);
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
}

static void rate_not_exceeded(struct feed *f)
{
    answer(f);
    feed_pass(f, 10000);
    feed_member(feed_wanted(f, "response.done"), "response.status", "'completed'");
}

static void first_events(struct feed *f)
{
    struct parley_view sound;

    speak(f);
    feed_pass(f, 10000);
    sound = feed_wanted(f, "conversation.output_audio.delta");
    feed_member(sound, "sample_rate", "24000");
    feed_member(sound, "channels", "1");
    feed_member(feed_wanted(f, "conversation.handoff.requested"), "input_transcript",
                "'please count the files'");
    f->looked = 0;
    feed_none(f, "response.created");
}

static void first_events_not_in_the_second(struct feed *f)
{
    speak(f);
    feed_pass(f, 10000);
    f->looked = 0;
    feed_none(f, "conversation.output_audio.delta");
}

static void tracing_can_be_ended(struct feed *f)
{
    feed_send(f, UPDATE("'tracing':'auto'"));
    feed_send(f, UPDATE("'tracing':null"));
    feed_none(f, "error");
}

static void tracing_cannot_change(struct feed *f)
{
    feed_send(f, UPDATE("'tracing':'auto'"));
    feed_send(f, UPDATE("'tracing':{'workflow_name':'a'}"));
    feed_member(feed_wanted(f, "error"), "error.param", "'session.tracing'");
}

static const struct pair {
    enum parley_rule rule;
    enum state state;
    void (*happens)(struct feed *f);
    enum state other;
    void (*does_not)(struct feed *f);
} pairs[] = {
    {PARLEY_RULE_ERROR_ECHO, SESSION, error_echo, SESSION, error_echo_none},
    {PARLEY_RULE_ERROR_NULLS, SESSION, error_nulls, SESSION, error_not_null},
    {PARLEY_RULE_ERROR_GOES_ON, SESSION, error_goes_on, SPEAKING, error_ends_nothing_running},
    {PARLEY_RULE_EVENT_IDS, SPOKEN, event_ids, SPOKEN, ids_of_another},
    {PARLEY_RULE_SESSION_CREATED, FRESH, session_created, SESSION, session_created_once},
    {PARLEY_RULE_SESSION_EFFECTIVE, SESSION, session_effective, SESSION, session_not_in_effect},
    {PARLEY_RULE_SESSION_MINUTES, SESSION, session_minutes, SESSION, session_minutes_not_over},
    {PARLEY_RULE_TRACING_FIXED, SESSION, tracing_can_be_ended, SESSION, tracing_cannot_change},
    {PARLEY_RULE_APPEND_SILENT, SESSION, append_silent, SESSION, append_heard},
    {PARLEY_RULE_COMMIT_ONLY, PUSHED, commit_only, PUSHED, commit_and_create},
    {PARLEY_RULE_CLEAR, PUSHED, clear, PUSHED, not_cleared},
    {PARLEY_RULE_SPEECH_ITEM, SPOKEN, speech_item, SPOKEN, speech_item_not_there},
    {PARLEY_RULE_SPEECH_PADDING, SESSION, speech_padding, SESSION, speech_no_padding},
    {PARLEY_RULE_SPEECH_SILENCE, SESSION, speech_silence, SESSION, speech_less_silence},
    {PARLEY_RULE_SPEECH_THRESHOLD, SESSION, speech_threshold, SESSION, speech_low_threshold},
    {PARLEY_RULE_SPEECH_EAGERNESS, SESSION, speech_eagerness, SESSION, speech_not_waited_for},
    {PARLEY_RULE_SPEECH_IDLE, SESSION, speech_idle, SESSION, speech_never_idle},
    {PARLEY_RULE_SPEECH_INTERRUPTS, SPEAKING, speech_interrupts, SPEAKING, speech_does_not_interrupt},
    {PARLEY_RULE_SPEECH_ANSWERED, SESSION, speech_answered, SESSION, speech_not_answered},
    {PARLEY_RULE_TURNS_OFF, PUSHED, turns_off, PUSHED, turns_on},
    {PARLEY_RULE_TRANSCRIBED, TRANSCRIBING, transcribed, SESSION, not_transcribed},
    {PARLEY_RULE_ITEM_CHAIN, SPOKEN, item_chain, SPOKEN, item_chain_broken},
    {PARLEY_RULE_TRUNCATE_FORGETS, SPOKEN, truncate_forgets, SPOKEN, not_forgotten},
    {PARLEY_RULE_RESPONSE_PARALLEL, SPEAKING, response_parallel, SPEAKING, response_not_parallel},
    {PARLEY_RULE_METADATA_ECHO, SESSION, metadata_echo, SESSION, metadata_null},
    {PARLEY_RULE_REPLY_ORDER, SESSION, reply_order, WRITING, reply_order_in_writing},
    {PARLEY_RULE_REPLY_DELTAS, SESSION, reply_deltas, SPEAKING, reply_deltas_cut},
    {PARLEY_RULE_REPLY_FAST, SESSION, reply_fast, SESSION, reply_slow},
    {PARLEY_RULE_REPLY_USAGE, SESSION, reply_usage, SESSION, reply_usage_of_nothing},
    {PARLEY_RULE_REPLY_CANCELLED, SPEAKING, reply_cancelled, SPEAKING, reply_not_cancelled},
    {PARLEY_RULE_REPLY_INCOMPLETE, SESSION, reply_incomplete, SESSION, reply_complete},
    {PARLEY_RULE_REPLY_CALL, SESSION, reply_call, SESSION, reply_no_call},
    {PARLEY_RULE_RATE_LIMITS, SESSION, rate_limits, SESSION, rate_limits_not_grown},
    {PARLEY_RULE_RATE_EXCEEDED, SESSION, rate_exceeded, SESSION, rate_not_exceeded},
    {PARLEY_RULE_FIRST_EVENTS, FIRST, first_events, SESSION, first_events_not_in_the_second},
};

static void what_the_service_does_by_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        struct feed f;

        print_message("# %s\n", parley_rule(pairs[i].rule)->id);
        go_to(&f, pairs[i].state, NULL);
        pairs[i].happens(&f);
        kept[pairs[i].rule] = true;
        feed_close(&f);
        go_to(&f, pairs[i].other, NULL);
        pairs[i].does_not(&f);
        broken[pairs[i].rule] = true;
        feed_close(&f);
    }
}

/* ---- the table itself ----------------------------------------------------------------------------- */

static void ids_are_unique_and_found(void **state)
{
    (void)state;
    for (int i = 1; i < PARLEY_RULES_END; i++) {
        const struct parley_rule_row *row = parley_rule((enum parley_rule)i);

        assert_int_equal(parley_rule_named(parley_view(row->id)), i);
        assert_non_null(strchr("cfs", row->kind));
        assert_true(row->title[0] != '\0' && row->answer[0] != '\0' && row->source[0] != '\0');
    }
    assert_int_equal(parley_rule_named(parley_view("no-such-rule")), PARLEY_RULE_NONE);
    assert_string_equal(parley_rule(PARLEY_RULES_END)->id, "");
}

static void every_rule_is_tested_both_ways(void **state)
{
    unsigned missing = 0;

    (void)state;
    for (int i = 1; i < PARLEY_RULES_END; i++) {
        if (!kept[i])
            print_message("%s is kept in no test\n", parley_rule((enum parley_rule)i)->id);
        if (!broken[i])
            print_message("%s is broken in no test\n", parley_rule((enum parley_rule)i)->id);
        missing += (unsigned)!kept[i] + (unsigned)!broken[i];
    }
    print_message("# %d rules\n", PARLEY_RULES_END - 1);
    assert_int_equal(missing, 0);
    assert_true(PARLEY_RULES_END - 1 >= 60);
}

/* A server tells the service which model an address names; a talk's loopback has no address. */
static void the_model_of_an_address(void **state)
{
    static const struct {
        const char *model, *told;
    } models[] = {
        {"gpt-realtime-1.5", "'gpt-realtime-1.5'"},
        {"a\"b", "'loopback'"},
        {"0123456789012345678901234567890123456789012345678901234567890123", "'loopback'"}, /* too long */
    };
    const struct parley_service_breach *first;

    (void)state;
    for (size_t i = 0; i < sizeof(models) / sizeof(models[0]); i++) {
        struct feed f;

        feed_open(&f, "use service\n", NULL);
        parley_service_model(f.peer, parley_view(models[i].model));
        f.peer->opened(f.peer->state, f.now_us);
        f.looked = f.count;
        feed_turn(&f);
        feed_member(feed_wanted(&f, "session.created"), "session.model", models[i].told);
        feed_send(&f, "{'type':'session.update','session':{'type':'realtime','model':'gpt-realtime-1.5'}}");
        feed_member(feed_wanted(&f, "session.updated"), "session.model", "'gpt-realtime-1.5'");
        feed_send(&f, "{'type':'session.update','session':{'type':'realtime','model':'gpt-realtime'}}");
        feed_member(feed_wanted(&f, "error"), "error.param", "'session.model'");
        assert_int_equal(parley_service_breaches(f.peer, &first), 1);
        assert_int_equal(first->rule, PARLEY_RULE_MODEL_FIXED);
        feed_close(&f);
    }
    {
        struct feed f; /* not even the first session.update */

        feed_open(&f, "use service\n", NULL);
        parley_service_model(f.peer, parley_view("gpt-realtime-1.5"));
        f.peer->opened(f.peer->state, f.now_us);
        feed_send(&f, "{'type':'session.update','session':{'type':'realtime','model':'gpt-realtime'}}");
        feed_member(feed_wanted(&f, "error"), "error.param", "'session.model'");
        feed_close(&f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_model_of_an_address),
        cmocka_unit_test(ids_are_unique_and_found),
        cmocka_unit_test(what_obeys_is_taken),
        cmocka_unit_test(what_does_not_is_refused),
        cmocka_unit_test(form_may_pass),
        cmocka_unit_test(names_of_members_in_an_update),
        cmocka_unit_test(what_the_service_does_by_itself),
        cmocka_unit_test(every_rule_is_tested_both_ways),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
