// Puts Swagger UI in the place of the list that the page comes with.
"use strict";

const dark = window.matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => document.documentElement.classList.toggle("dark-mode", dark.matches);
followScheme();
dark.addEventListener("change", followScheme);

// Swagger UI looks for a part of this name before it takes the one for files, and complains that it is missing.
const files = (system) => ({
  components: {
    JsonSchema_string_binary: (properties) =>
      system.React.createElement(system.getComponent("JsonSchema_string"), properties),
  },
});

const place = document.getElementById("operations");
SwaggerUIBundle({
  domNode: place,
  url: place.dataset.document,
  plugins: [files],
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  tryItOutEnabled: true,
  validatorUrl: null, // it would send the document elsewhere
});
