#include <chrono>
#include <cstdio>

#include "app/command.h"
#include "app/render.h"
#include "app/run.h"

namespace {

enum Exit : int { done = 0, refused = 1, usage = 2 };

int fail(const kp::Error& error) {
  std::fprintf(stderr, "kafkaproxy-operator: %s\n", error.message.c_str());
  return refused;
}

int render(const kp::app::RenderOptions& options) {
  const auto documents = kp::app::read_documents(options.files);
  if (!documents) return fail(documents.error());
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto rendered = kp::app::render(*documents, options, now);
  if (!rendered) return fail(rendered.error());
  for (const std::string& note : rendered->notes) std::fprintf(stderr, "%s\n", note.c_str());
  std::fputs(kp::app::to_text(rendered->objects).c_str(), stdout);
  if (options.with_status) std::fputs(kp::app::to_text(rendered->statuses).c_str(), stdout);
  return rendered->refused ? refused : done;
}

}  // namespace

int main(int argc, char** argv) {
  const kp::app::Command command = kp::app::parse(argc, argv);
  if (const auto* to_run = std::get_if<kp::app::RunOptions>(&command)) return kp::app::run(*to_run);
  if (const auto* to_render = std::get_if<kp::app::RenderOptions>(&command)) return render(*to_render);
  if (const auto* text = std::get_if<kp::app::Say>(&command)) {
    std::fputs(text->text.c_str(), stdout);
    return done;
  }
  std::fprintf(stderr, "kafkaproxy-operator: %s\nSee kafkaproxy-operator --help.\n",
               std::get<kp::app::Misused>(command).text.c_str());
  return usage;
}
