// A button with data-copy="id" copies the text of that element, one line for each item.
for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = !navigator.clipboard; // none over http
    button.addEventListener("click", async () => {
        const items = document.getElementById(button.dataset.copy).children;
        await navigator.clipboard.writeText([...items].map((item) => item.textContent.trim()).join("\n"));
        button.textContent = "Copied";
    });
}
