// The admin's fields that complete what one types are select2's, which gives them no names.
const $ = window.django.jQuery;

$(() => {
    for (const select of document.querySelectorAll("select.admin-autocomplete")) {
        const label = select.labels[0];
        if (label) name(select, label);
        // Where the page began with it, the focus is on what select2 has hidden, and takes no keys.
        if (document.activeElement === select) comboboxOf(select).focus();
    }
});

$(document).on("select2:open", ({ target: select }) => {
    const combobox = comboboxOf(select);
    combobox.setAttribute("aria-controls", combobox.getAttribute("aria-owns"));
    const list = document.querySelector("body > .select2-container--open"); // beyond every landmark
    list.setAttribute("role", "region");
    list.setAttribute("aria-label", "Suggestions");
    list.querySelector("[role=searchbox]")?.setAttribute("aria-label", select.labels[0]?.textContent);
});

function name(select, label) {
    const shown = comboboxOf(select).querySelector("[role=textbox]");
    label.id ||= `${select.id}_label`;
    shown?.setAttribute("aria-labelledby", label.id);
    comboboxOf(select).setAttribute("aria-labelledby", [label.id, shown?.id ?? ""].join(" ").trim());
}

function comboboxOf(select) {
    return select.nextElementSibling.querySelector("[role=combobox]");
}
