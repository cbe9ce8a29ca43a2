// Passkeys and security keys: asks the browser what the server wants to know, and sends its answer.
//
// The server's question stands in the page, or, where most visitors need none (the sign-in page),
// it is fetched. Whatever does not work is said in the form, whose server checks everything again.

const form = document.querySelector("form[data-passkey]");
const question = document.getElementById("passkey-question");
const problem = form.querySelector("[role=alert]");
const { PublicKeyCredential } = window; // none over http and in old browsers

const PROBLEMS = {
    NotAllowedError: "Nothing has changed: the request was closed or took too long. Try again.",
    InvalidStateError: "This device or key is in your account already. Use another one.",
    ConstraintError: "This key has neither PIN nor fingerprint. Set one up, or use another key.",
    NotSupportedError: "This key is of a kind that we do not know. Use another one.",
    SecurityError: /^[\d.:[\]]+$/.test(location.hostname)
        ? `Passkeys need a name, not ${location.hostname}: use localhost in its place.`
        : "Passkeys do not work at this address.",
    Unreachable: "The server did not answer. Wait a moment and try again.",
};

function say(text) {
    problem.querySelector("p").textContent = text;
    problem.hidden = text === "";
}

async function ask() {
    if (question) return JSON.parse(question.textContent);
    const response = await fetch(form.action, { headers: { Accept: "application/json" } });
    if (!response.ok) throw new DOMException("", "Unreachable");
    return response.json();
}

function create(publicKey) {
    const alone = form.elements.passwordless; // a sign-up leaves no choice
    if (alone) {
        publicKey.authenticatorSelection.residentKey = alone.checked ? "required" : "discouraged";
    }
    return navigator.credentials.create({
        publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(publicKey),
    });
}

function get(publicKey, how) {
    return navigator.credentials.get({
        publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(publicKey),
        ...how,
    });
}

async function answer(how) {
    const { creation_options: creation, request_options: request } = await ask();
    const credential = creation ? await create(creation.publicKey) : await get(request.publicKey, how);
    form.elements.credential.value = JSON.stringify(credential);
    form.submit();
}

// The sign-in page also offers passkeys among what the browser fills in, until the button is used.
const offer = new AbortController();

async function offerWhileTyping(email) {
    if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
    email.autocomplete = "username webauthn";
    await answer({ mediation: "conditional", signal: offer.signal });
}

if (PublicKeyCredential?.parseRequestOptionsFromJSON) {
    form.hidden = false;
    form.addEventListener("submit", async (event) => {
        event.preventDefault();
        say("");
        offer.abort();
        try {
            await answer();
        } catch (error) {
            say(PROBLEMS[error.name] ?? "This did not work. Reload the page and try again.");
        }
    });
    const email = document.querySelector("input[name=login]");
    if (email) offerWhileTyping(email).catch(() => {}); // nobody asked: no problem to tell
} else {
    form.querySelector("button").disabled = true;
    say(
        isSecureContext
            ? "This browser has no passkeys. Update it, or use another one."
            : "Passkeys need a secure connection: an address that begins with https.",
    );
}
