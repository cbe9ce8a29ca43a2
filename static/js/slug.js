// Suggests the web address while the name is typed, until the person edits the address.
// The server fills one that stays empty, as a name without three Latin letters leaves it: orgs/slugs.py.
const name = document.querySelector("[name=name]");
const slug = document.querySelector("[name=slug]");
let own = slug.value !== "";

const suggest = (text) =>
    text
        .replaceAll("ß", "ss")
        .normalize("NFKD")
        .replace(/[^\x00-\x7F]/g, "")
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .slice(0, 40)
        .replace(/^-+|-+$/g, "");

slug.addEventListener("input", () => {
    own = slug.value !== "";
});
name.addEventListener("input", () => {
    const suggested = suggest(name.value);
    if (!own) slug.value = suggested.length < 3 ? "" : suggested;
});
