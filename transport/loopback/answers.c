/*
 * The built-in service's wits; see answers.h. The rules are tried in order, the first that fits answers.
 */
#include "transport/loopback/answers.h"
#include "parser/utf8.h"

#include <stdio.h>

/* ---- words --------------------------------------------------------------------------------------- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '\'' ||
           (unsigned char)c >= 0x80;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* True when `text` goes on with `phrase`, whose words may be parted by anything that is no letter. */
static bool goes_on(struct parley_view text, const char *phrase)
{
    size_t at = 0;

    for (; *phrase != '\0'; phrase++) {
        if (*phrase == ' ') {
            while (at < text.len && !is_letter(text.at[at]))
                at++;
            continue;
        }
        if (at == text.len || lower(text.at[at++]) != *phrase)
            return false;
    }
    return at == text.len || !is_letter(text.at[at]);
}

/* True when one of the phrases, parted by '|', is in the text as whole words. */
static bool has(struct parley_view text, const char *phrases)
{
    char phrase[64];

    while (*phrases != '\0') {
        size_t len = strcspn(phrases, "|");

        snprintf(phrase, sizeof(phrase), "%.*s", (int)len, phrases);
        for (size_t i = 0; i < text.len; i++)
            if ((i == 0 || !is_letter(text.at[i - 1])) && goes_on(parley_view_skip(text, i), phrase))
                return true;
        phrases += len;
        phrases += *phrases == '|';
    }
    return false;
}

static const char work[] =
    "run|check|list|fix|find|count|search|build|test|tests|compile|install|update|open|read|"
    "write|create|delete|remove|rename|deploy|commit|look at|look up|look for|look into|"
    "show me|make a|use the|summarise|summarize|change|download|measure|compare";

/* ---- answers ------------------------------------------------------------------------------------- */

static void say(struct parley_answer *a, const char *text)
{
    snprintf(a->speech, sizeof(a->speech), "%s", text);
}

/* One of the texts, another one each turn. */
static void say_one(struct parley_answer *a, unsigned turn, const char *const *texts, unsigned count)
{
    say(a, texts[turn % count]);
}

static bool ends_sentence(struct parley_view text)
{
    return text.len > 0 && strchr(".!?", text.at[text.len - 1]) != NULL;
}

/* Says what the agent told, in one line, cut where it gets long: nobody listens to a page. */
static void say_result(struct parley_answer *a, const char *opening, struct parley_view told)
{
    enum { LONGEST = 600 };
    struct parley_view text = parley_view_trim(parley_utf8_cut(parley_view_trim(told), LONGEST));
    const char *end = ends_sentence(text) ? "" : ".";

    if (text.len < parley_view_trim(told).len)
        end = ", and more, which you can read on your screen.";
    snprintf(a->speech, sizeof(a->speech), "%s%.*s%s", opening, (int)text.len, text.len > 0 ? text.at : "",
             end);
    for (char *at = a->speech; *at != '\0'; at++)
        if ((unsigned char)*at < ' ')
            *at = ' ';
}

static void answer_result(struct parley_answer *a, const struct parley_question *q)
{
    if (parley_view_trim(q->backend).len == 0)
        say(a, "The agent has finished, and it had nothing to add.");
    else
        say_result(a, "The agent is back, and this is what it says. ", q->backend);
}

static void answer_progress(struct parley_answer *a, const struct parley_question *q)
{
    if (parley_view_trim(q->backend).len == 0)
        say(a, "The agent is still at work, and has not told me anything yet.");
    else
        say_result(a, "The agent is still at work. So far it says: ", q->backend);
}

static void answer_work(struct parley_answer *a, const struct parley_question *q)
{
    static const char *const starts[] = {
        "Sure, I will hand that to the agent.",
        "All right, let me get that done for you.",
        "Of course, the agent will look into it.",
    };
    struct parley_view prompt = parley_utf8_cut(q->said, sizeof(a->prompt) - 1);

    if (!q->agent) {
        say(a, "I would need an agent for that, and this session has none.");
        return;
    }
    a->call = PARLEY_CALL_AGENT;
    snprintf(a->prompt, sizeof(a->prompt), "%.*s", (int)prompt.len, prompt.at);
    if (q->busy)
        say(a, "I will pass that on to the agent.");
    else
        say_one(a, q->turn, starts, 3);
}

/* What was heard was no words: honest, and with a hint. */
static void answer_sound(struct parley_answer *a, const struct parley_question *q)
{
    static const char *const texts[] = {
        "I heard you speak, but I am only the built-in voice of the loopback. I can tell when you talk, and "
        "not "
        "which words you say. Type something, or connect to a real service.",
        "Again I heard your voice. You can interrupt me while I am talking, just try it now. I will stop as "
        "soon "
        "as you begin to speak, and the service will be told how much of this you have heard.",
        "Yes, your microphone works. With a key for the real service, I would now understand you as well.",
    };

    say_one(a, q->turn, texts, 3);
}

static void answer_chat(struct parley_answer *a, const struct parley_question *q)
{
    static const char *const texts[] = {
        "That is good to know. Ask me to run, find, check or count something, and I will hand it to the "
        "agent.",
        "I see. I am a simple voice with a few rules, but I do listen, and you may interrupt me whenever you "
        "like.",
        "Interesting. Is there something the agent should do for you?",
    };

    if (has(q->said, "how are you"))
        say(a, "Hello! I am fine, thank you, and I am glad to hear you. You can ask me to run, find or count "
               "something, and while I am talking you can interrupt me at any time. What shall we do today?");
    else if (has(q->said, "hello|hi|hey|good morning|good evening"))
        say(a, "Hello! It is nice to hear you. What can I do for you?");
    else if (has(q->said, "goodbye|bye|stop now|stop here|good night"))
        say(a, "You are welcome. I will stop here. Goodbye, and talk to you soon.");
    else if (has(q->said, "thanks|thank you"))
        say(a, "You are welcome. Is there anything else?");
    else if (has(q->said, "tell me a story|long answer|talk for a while"))
        say(a, "Once upon a time there was a small computer that could not hear. One day somebody gave it a "
               "microphone, and it listened to the wind, to the rain, and to the footsteps in the hall. Then "
               "it was "
               "given a voice as well, and from that day on it never stopped talking, until somebody said: "
               "please, "
               "let me finish my sentence. And so the small computer learned to be interrupted.");
    else if (has(q->said, "what can you do|help|who are you"))
        say(a, "I am the built-in service of the loopback. I hear when you speak, I answer, I stop when you "
               "interrupt me, and I hand work to the agent. I am no language model, though.");
    else
        say_one(a, q->turn, texts, 3);
}

void parley_answer(struct parley_answer *answer, const struct parley_question *q)
{
    memset(answer, 0, sizeof(*answer));
    if (q->finished)
        answer_result(answer, q);
    else if (q->steered)
        say(answer, "Done, the agent knows.");
    else if (q->said.len == 0)
        say(answer, "I am here. What can I do for you?");
    else if (!q->understood)
        answer_sound(answer, q);
    else if (q->silence &&
             has(q->said, "be quiet|quiet please|say nothing|don't say anything|do not say anything|"
                          "don't answer|do not answer|stay silent|remain silent|hush"))
        answer->call = PARLEY_CALL_SILENCE;
    else if (q->busy && has(q->said, "how far|progress|how is it going|are you done|status"))
        answer_progress(answer, q);
    else if (has(q->said, "count to"))
        say(answer, "One, two, three, four, five, six, seven, eight, nine, ten. That was easy.");
    else if (has(q->said, work))
        answer_work(answer, q);
    else
        answer_chat(answer, q);
}
