"""Who answers a request: endpoints behind the request ledger, asked within pace and budget."""
