// Puts Swagger UI in the place of the list that the page comes with.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
    const place = document.getElementById("operations");
    SwaggerUIBundle({
        url: place.dataset.document,
        domNode: place,
        deepLinking: true,
        docExpansion: "list",
        defaultModelsExpandDepth: 0,
        displayRequestDuration: true,
        tryItOutEnabled: true,
        validatorUrl: null,
    });
});
