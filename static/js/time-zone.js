// Tells at sign-up in which time zone the browser is; without it dates are in UTC until the profile says more.
const field = document.createElement("input");
field.type = "hidden";
field.name = "time_zone";
field.value = Intl.DateTimeFormat().resolvedOptions().timeZone;
document.querySelector("[name=email]").form.append(field);
