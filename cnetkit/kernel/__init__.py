"""BUILD, inside the sandbox: the only room that talks to the kernel. It knows no journeys and no teaching."""
